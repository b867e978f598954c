import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { apiConfig } from '../../services/api/config.ts'
import { registerBridge } from '../../services/cli/commands/bridge.ts'
import { registerDb } from '../../services/cli/commands/db.ts'
import { registerDeploy } from '../../services/cli/commands/deploy.ts'
import { registerDoctor } from '../../services/cli/commands/doctor.ts'
import { registerKeys } from '../../services/cli/commands/keys.ts'
import { registerMessages } from '../../services/cli/commands/messages.ts'
import { registerNonce } from '../../services/cli/commands/nonce.ts'
import { registerOperator } from '../../services/cli/commands/operator.ts'
import { registerOutputs } from '../../services/cli/commands/outputs.ts'
import { registerReplica } from '../../services/cli/commands/replica.ts'
import { registerStatus } from '../../services/cli/commands/status.ts'
import { addSharedOptions } from '../../services/cli/context.ts'
import { relayerConfig } from '../../services/relayer/config.ts'
import { sequencerConfig } from '../../services/sequencer/config.ts'
import { watcherConfig } from '../../services/watcher/config.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'services', 'operating')
const units = readdirSync(join(folder, 'systemd'))
const guide = readFileSync(join(folder, 'README.md'), 'utf8')
const compose = readFileSync(join(folder, 'compose.yaml'), 'utf8')

const program = addSharedOptions(new Command('hashsand'))
for (const register of [
  ...[registerBridge, registerDb, registerDeploy, registerDoctor, registerKeys, registerOperator],
  ...[registerMessages, registerNonce, registerOutputs, registerReplica, registerStatus],
]) {
  register(program)
}

const settings: Record<string, readonly string[]> = {
  sequencer: Object.keys(sequencerConfig.shape),
  relayer: Object.keys(relayerConfig.shape),
  watcher: Object.keys(watcherConfig.shape),
  api: Object.keys(apiConfig.shape),
  cli: ['HASHSAND_CACHE', 'HASHSAND_L1_RPC', 'HASHSAND_BEACON'],
}

/** What is wrong with the words behind `hashsand`: an unknown command, or an option that it does not have. */
function problemsOf(words: readonly string[]): string[] {
  let command = program
  const known = new Set<string>()
  const take = () => {
    for (const { long } of command.options) known.add(String(long))
  }
  take()
  const rest = [...words]
  for (;;) {
    while (rest[0] === '--json') rest.shift()
    const child = command.commands.find((candidate) => candidate.name() === rest[0])
    if (child === undefined) break
    rest.shift()
    command = child
    take()
  }
  if (command === program) return [`no command ${rest[0]}`]
  const given = rest.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*/, ''))
  return given.filter((word) => !known.has(word)).map((word) => `${command.name()} has no ${word}`)
}

/** The program and its words, behind `node services/start.js`. */
function assertRuns([name = '', ...rest]: readonly string[], where: string): string {
  assert.ok(existsSync(join(root, 'services', name, 'main.ts')), `${where}: ${name}`)
  if (name === 'cli') assert.deepEqual(problemsOf(rest), [], where)
  return name
}

describe('operating', () => {
  it('has a unit for every part, whose command and settings exist', () => {
    const parts = ['operator', 'replica', 'watcher', 'sequencer', 'relayer', 'api']
    assert.deepEqual(units.toSorted(), parts.map((part) => `hashsand-${part}.service`).sort())
    for (const name of units) {
      const text = readFileSync(join(folder, 'systemd', name), 'utf8')
      const words = /^ExecStart=\/usr\/bin\/node services\/start\.js (.*)$/m.exec(text)?.[1]
      const program = assertRuns(String(words).split(' '), name)
      for (const [, variable] of text.matchAll(/^Environment=(\w+)=/gm)) {
        assert.ok(settings[program]?.includes(String(variable)), `${name} sets ${variable}`)
      }
      for (const line of [
        'DynamicUser=yes',
        'ProtectSystem=strict',
        'NoNewPrivileges=yes',
        'CapabilityBoundingSet=',
      ]) {
        assert.ok(text.split('\n').includes(line), `${name} lacks ${line}`)
      }
    }
  })

  it('gives each host the keys of its own roles alone', () => {
    const keysOf = (part: string) => {
      const text = readFileSync(join(folder, 'systemd', `hashsand-${part}.service`), 'utf8')
      return [...text.matchAll(/^LoadCredential=(\w+)\.json:\S+\/keys\//gm)].map(([, key]) => key)
    }
    assert.deepEqual(keysOf('operator'), ['batcher', 'proposer'])
    assert.deepEqual(keysOf('replica'), [])
    assert.deepEqual(keysOf('watcher'), ['challenger'])
    assert.deepEqual(keysOf('sequencer'), ['sequencer'])
    assert.deepEqual(keysOf('relayer'), ['relayer', 'oracle0'])
    assert.deepEqual(keysOf('api'), [])
  })

  it('has units that systemd accepts', function () {
    try {
      execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' })
    } catch {
      process.stdout.write('    skipped: no systemd-analyze on this machine\n')
      this.skip()
    }
    this.timeout(20_000)
    const dir = mkdtempSync(join(tmpdir(), 'hashsand-units-'))
    try {
      for (const name of units) {
        const text = readFileSync(join(folder, 'systemd', name), 'utf8')
        writeFileSync(join(dir, name), text.replace('/usr/bin/node', process.execPath))
      }
      const paths = units.map((name) => join(dir, name))
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' })
      // Warnings about the units of the machine itself are not ours.
      const ours = stderr.split('\n').filter((line) => line.includes(dir) || line.includes('hashsand-'))
      assert.deepEqual([status, ours], [0, []])
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('has a compose file with the same parts, whose commands and settings exist', () => {
    const services = compose.slice(compose.indexOf('\nservices:'), compose.indexOf('\nvolumes:'))
    const parts = services.split(/\n {2}(?=\w+:\n)/).slice(1)
    assert.deepEqual(parts.map((part) => `hashsand-${part.split(':')[0]}.service`).sort(), units.toSorted())
    for (const part of parts) {
      const program = assertRuns(String(/^ {4}command: (.*)$/m.exec(part)?.[1]).split(' '), part)
      for (const [, variable] of part.matchAll(/^ {6}(HASHSAND_\w+):/gm)) {
        assert.ok(settings[program]?.includes(String(variable)), `${program} reads no ${variable}`)
      }
    }
  })

  it('has a guide whose every command exists', () => {
    const lines = guide.split('\n').filter((line) => /^ *hashsand /.test(line))
    assert.ok(lines.length > 12, `${lines.length} commands`)
    for (const line of lines) {
      const words = line
        .trim()
        .replace(/\s+#.*/, '')
        .split(/\s+/)
        .slice(1)
      assert.deepEqual(problemsOf(words), [], line)
    }
  })

  it('has a runbook that knows every event of the engine and every setting of its example', () => {
    const source = readFileSync(join(root, 'chain', 'engine', 'engine.ts'), 'utf8')
    const events = [...source.matchAll(/^ {4}\| '([a-z0-9-]+)'/gm)].map(([, name]) => String(name))
    assert.ok(events.length >= 8)
    for (const event of events) assert.ok(guide.includes(`\`${event}\``), `the guide lacks ${event}`)
    const example = readFileSync(join(folder, 'l1.env.example'), 'utf8')
    const cli = settings.cli
    for (const [, variable] of example.matchAll(/(HASHSAND_\w+)=/g)) {
      assert.ok(cli?.includes(String(variable)), variable)
    }
  })
})

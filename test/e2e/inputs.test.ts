import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Manifest, readManifest, writeManifest } from '../../chain/manifest.ts'
import { type Command, hashsand, interrupt, type Sandbox, sandbox, up } from '../support/devnet.ts'

// The story: somebody does something wrong. Each time: one line that says what and how to mend it, an exit code, nothing changed.

type Refusal = { error: string; message: string }

/** Waits for the end and demands exactly one line on standard error. */
async function refusal(command: Command): Promise<Refusal> {
  const exit = await command.ended
  assert.ok(typeof exit === 'number' && exit !== 0, `ended with ${exit}`)
  const [line, ...more] = command.stderr().trim().split('\n')
  assert.deepEqual(more, [], 'more than one line')
  return JSON.parse(line ?? '')
}

/** Every file below a folder with a hash of its bytes, but for the lock, which only says who looked. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(join(folder, 'lock'))) continue
    found[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return found
}

describe('wrong input', () => {
  let box: Sandbox
  let network: Command | undefined

  before(async () => {
    box = await sandbox()
  })
  after(async () => {
    await network?.killTree().catch(() => {})
    await box.remove()
  })

  it('refuses a port that is in use, before anything is written', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(box.basePort + 1_003, '127.0.0.1', resolve))
    try {
      const { error, message } = await refusal(up(box))
      assert.equal(error, 'PortInUseError')
      assert.match(message, new RegExp(`Port ${box.basePort + 1_003}, wanted for relayer`))
      assert.match(message, /--base-port/)
      assert.deepEqual(await snapshot(box.state), {})
    } finally {
      squatter.close()
    }
  })

  it('refuses a folder that is not a state folder', async () => {
    const folder = join(box.state, 'letters')
    await mkdir(folder)
    await writeFile(join(folder, 'letter.txt'), 'Dear')
    const before = await snapshot(folder)
    for (const args of [
      ['devnet', 'up'],
      ['devnet', 'reset', '--yes'],
    ]) {
      const { error } = await refusal(hashsand(['--state', folder, ...args]))
      assert.equal(error, 'StateFolderError')
    }
    assert.deepEqual(await snapshot(folder), before)
  })

  describe('on a network that is up', () => {
    let manifest: Manifest
    const tampered = () => join(box.state, 'tampered.json')
    const deposit = ['bridge', 'deposit', '--amount', '0.1', '--send']

    before(async function () {
      this.timeout(120_000)
      // The folder of the test before stands in the way of a first start.
      box = await sandbox()
      network = up(box)
      await network.line((line) => line.up === true)
      manifest = await readManifest(join(box.state, '901.json'))
    })

    it('refuses a second instance on the same state folder and names the holder', async () => {
      const second = up({ ...box, basePort: box.basePort + 10 })
      const { error, message } = await refusal(second)
      assert.equal(error, 'StateFolderInUseError')
      assert.match(message, new RegExp(`process ${network?.child.pid}`))
    })

    it('refuses the manifest of another chain', async () => {
      const genesisHash = `0x${'ab'.repeat(32)}` as const
      await writeManifest(tampered(), { ...manifest, l2: { ...manifest.l2, genesisHash } })
      const keys = ['--manifest', tampered()]
      for (const command of [deposit, ['demo', '--attach']]) {
        const { error, message } = await refusal(hashsand([...box.args, ...keys, ...command]))
        assert.equal(error, 'ManifestMismatchError')
        assert.match(message, new RegExp(manifest.l2.genesisHash))
      }
      assert.equal(existsSync(join(box.state, 'wallet', 'user-l1', 'CURRENT')), true)
      assert.equal(existsSync(join(box.state, 'demo')), false)
    })

    it('refuses a WBTC pair with wrong decimals', async () => {
      const tokens = manifest.tokens.map((token) => ({ ...token, decimals: 18 }))
      await writeManifest(tampered(), { ...manifest, tokens })
      const { error, message } = await refusal(hashsand([...box.args, '--manifest', tampered(), ...deposit]))
      assert.equal(error, 'TokenPairError')
      assert.match(message, /decimals on L1 is 8, expected 18/)
    })

    it('refuses a manifest that is none, naming the field', async () => {
      await writeFile(
        tampered(),
        JSON.stringify({ ...manifest, l1: { ...manifest.l1, chainId: 'nine hundred' } }),
      )
      const { error, message } = await refusal(hashsand([...box.args, '--manifest', tampered(), 'status']))
      assert.equal(error, 'ManifestError')
      assert.match(message, /l1\.chainId/)
    })

    it('refuses an amount that the token cannot have', async () => {
      const command = hashsand([...box.args, 'bridge', 'deposit', '--amount=0.123456789'])
      assert.equal((await refusal(command)).error, 'AmountError')
    })

    it('sends nothing in a dry run', async () => {
      const dry = hashsand([...box.args, 'bridge', 'deposit', '--token', 'ETH', '--amount', '1'])
      assert.equal(await dry.ended, 0)
      assert.equal(dry.lines[0]?.dryRun, true)
      assert.equal(dry.lines.length, 1)
    })

    it('refuses a corrupted state file, leaves it, and repairs it when asked', async function () {
      this.timeout(120_000)
      assert.equal(network === undefined ? 1 : await interrupt(network), 0)
      const newest = await newestDump(join(box.state, 'engine', 'l1', 'dumps'))
      const bytes = await readFile(newest)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
      await writeFile(newest, bytes)
      const before = await snapshot(box.state)

      const { error, message } = await refusal(up(box))
      assert.equal(error, 'CorruptedStateError')
      assert.match(message, /hashsand devnet repair/)
      assert.deepEqual(await snapshot(box.state), before)

      const repair = hashsand([...box.args, 'devnet', 'repair'])
      assert.equal(await repair.ended, 0, repair.stderr())
      assert.equal(repair.lines.length, 1)
      network = up(box)
      await network.line((line) => line.up === true)
      assert.equal(await interrupt(network), 0)
    })

    it('deletes a network only when told so twice', async () => {
      const { error } = await refusal(hashsand([...box.args, 'devnet', 'reset']))
      assert.equal(error, 'ConfirmationMissingError')
      assert.equal(existsSync(box.state), true)
      assert.equal(await hashsand([...box.args, 'devnet', 'reset', '--yes']).ended, 0)
      assert.equal(existsSync(box.state), false)
    })
  })
})

async function newestDump(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => /\d/.test(name)).sort()
  const name = files.at(-1)
  assert.ok(name !== undefined, `no dump in ${folder}`)
  return join(folder, name)
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'

// The rules of CONVENTIONS.md that no linter knows.

const root = join(import.meta.dirname, '..')
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile())
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const folder = (path: string) => path.split('/')[0] ?? ''

const typescript = files.filter((path) => path.endsWith('.ts'))
const production = typescript.filter((path) => folder(path) !== 'test')
const handwritten = production.filter((path) => !path.startsWith('chain/generated/'))
const solidity = files.filter((path) => path.endsWith('.sol'))

function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map((match) => match[1] ?? '')
}

function localImportsOf(path: string): string[] {
  return importsOf(path)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)))
}

const packagesOf = (path: string) => importsOf(path).filter((name) => !name.startsWith('.'))

/** Fails with every offence in one message. */
function none(offences: readonly string[]): void {
  assert.deepEqual(offences, [])
}

describe('architecture', () => {
  it('keeps the top level that the project was founded with', () => {
    const folders = new Set(
      files
        .filter((path) => path.includes('/'))
        .map(folder)
        .filter((name) => !name.startsWith('.')),
    )
    assert.deepEqual([...folders].sort(), ['bridge', 'chain', 'contracts', 'oracle', 'services', 'test'])
  })

  it('lets imports point left only: contracts → chain → bridge, oracle → services', () => {
    const allowed: Record<string, readonly string[]> = {
      chain: ['chain'],
      bridge: ['chain', 'bridge'],
      oracle: ['chain', 'oracle'],
      services: ['chain', 'bridge', 'oracle', 'services'],
    }
    none(
      production.flatMap((path) =>
        localImportsOf(path)
          .filter((target) => !(allowed[folder(path)] ?? []).includes(folder(target)))
          .map((target) => `${path} imports ${target}`),
      ),
    )
  })

  it('lets a service import itself and the runtime, no other service', () => {
    const service = (path: string) => path.split('/')[1]
    none(
      production
        .filter((path) => folder(path) === 'services')
        .flatMap((path) =>
          localImportsOf(path)
            .filter((target) => folder(target) === 'services')
            .filter((target) => service(target) !== 'runtime' && service(target) !== service(path))
            .map((target) => `${path} imports ${target}`),
        ),
    )
  })

  it('keeps fenced packages behind their fence', () => {
    const fences: Record<string, (path: string) => boolean> = {
      '@eth-optimism/sdk': (path) => path === 'bridge/optimism.ts',
      ethers: (path) => path === 'bridge/optimism.ts',
      level: (path) => basename(path) === 'store.ts',
      express: (path) => folder(path) === 'services',
      pino: (path) => folder(path) === 'services',
      'prom-client': (path) => folder(path) === 'services',
      commander: (path) => path.startsWith('services/cli/'),
    }
    none(
      production.flatMap((path) =>
        packagesOf(path)
          .filter((name) => fences[name]?.(path) === false)
          .map((name) => `${path} imports ${name}`),
      ),
    )
  })

  it('types no ABI and no address by hand', () => {
    const literal = /parseAbi\w*\(|type: 'function'|0x[0-9a-fA-F]{40}\b/
    none(handwritten.filter((path) => literal.test(read(path))))
  })

  it("lets a stranger's contract know ours by interfaces and types alone", () => {
    const strangers = solidity.filter(
      (path) => path.startsWith('test/contracts/integration/') && !path.endsWith('.t.sol'),
    )
    assert.ok(strangers.length > 0)
    none(
      strangers.flatMap((path) =>
        [...read(path).matchAll(/from "(\.[^"]+)"|import "(\.[^"]+)"/g)]
          .map((match) => normalize(join(dirname(path), match[1] ?? match[2] ?? '')))
          .filter((target) => !/^contracts\/(interfaces|types)\//.test(target))
          .map((target) => `${path} imports ${target}`),
      ),
    )
  })

  it('types addresses in one Solidity file', () => {
    none(
      solidity
        .filter((path) => path.startsWith('contracts/') && basename(path) !== 'HashsandPredeploys.sol')
        .filter((path) => /\b0x[0-9a-fA-F]{40}\b/.test(read(path))),
    )
  })

  it('reverts with custom errors only', () => {
    const stringRevert = /\brevert\s*\(|require\s*\([^;]*,\s*"/
    none(
      solidity
        .filter((path) => path.startsWith('contracts/'))
        .filter((path) => stringRevert.test(read(path))),
    )
  })

  it('keeps TypeScript files at 300 lines or fewer', () => {
    none(
      handwritten
        .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
        .filter(({ lines }) => lines > 300)
        .map(({ path, lines }) => `${path} has ${lines} lines`),
    )
  })

  it('names every file after what it exports', () => {
    none(typescript.filter((path) => /^(index|utils|helpers)\.ts$/.test(basename(path))))
  })

  it('throws classes, not bare errors', () => {
    none(handwritten.filter((path) => /throw new Error\(|reject\(new Error\(/.test(read(path))))
  })

  it('gives each top-level folder a README', () => {
    const missing = ['chain', 'contracts', 'bridge', 'oracle', 'services', 'test']
      .map((name) => `${name}/README.md`)
      .filter((path) => !files.includes(path))
    none(missing)
  })

  it('puts each test where its source stands', () => {
    const homeless = typescript
      .filter((path) => /^test\/(chain|bridge|oracle|services)\/.*\.test\.ts$/.test(path))
      .map((path) => path.slice('test/'.length).replace(/(\.\w+)?\.test\.ts$/, ''))
      .filter((source) => !['.ts', '.js', ''].some((end) => existsSync(join(root, `${source}${end}`))))
    none(homeless)
  })

  it('commits no path of one machine, no key and no file over 1 MiB', () => {
    const machinePath = /(?<![\w.])\/(?:work|tmp|root|home)\/[a-z.]/
    none(
      files
        .filter((path) => path !== 'package-lock.json' && path !== 'test/architecture.test.ts')
        .filter((path) => machinePath.test(read(path)))
        .map((path) => `${path} names a path of one machine`),
    )
    none(files.filter((path) => statSync(join(root, path)).size > 1_048_576))
    none(
      handwritten
        .filter((path) => /private_?key['"]?\s*[:=]\s*['"]0x[0-9a-f]{64}/i.test(read(path)))
        .map((path) => `${path} holds a private key`),
    )
  })
})

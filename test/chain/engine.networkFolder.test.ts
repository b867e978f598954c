import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { sha256 } from 'viem'
import type { Deployment, L1Contracts } from '../../chain/deploy/config.ts'
import {
  type NetworkFiles,
  readNetworkFolder,
  writeNetworkFolder,
} from '../../chain/engine/opstack/networkFolder.ts'
import {
  NetworkFieldError,
  NetworkFileHashError,
  NetworkFileMissingError,
  NoReplicasError,
  OtherNetworkError,
  SeveralManifestsError,
} from '../../chain/engine/opstack/replicaErrors.ts'
import type { BaseError } from '../../chain/errors.ts'
import { l1ChainConfig, rollupConfig } from '../../chain/genesis/geth.ts'
import { l1ContractNames, type Manifest, ManifestError } from '../../chain/manifest.ts'
import { account, config, temporaryFolder } from './fixture.ts'
import { edit, replicaManifest } from './networkFixture.ts'

const hash = (byte: string) => `0x${byte.repeat(32)}` as const
const deployment: Deployment = {
  l1: {
    genesisHash: hash('aa'),
    startBlock: { number: 33, hash: hash('bb') },
    // Safe: one for every name.
    contracts: Object.fromEntries(l1ContractNames.map((name) => [name, account().address])) as L1Contracts,
    wbtc: account().address,
  },
  l2: { genesisHash: hash('cc'), timelock: account().address },
}

describe('network folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let source: NetworkFiles
  let manifest: Manifest
  let dir: string
  const inFolder = (name: string) => join(dir, name)

  beforeEach(async () => {
    folder = await temporaryFolder()
    mkdirSync(join(folder.dir, 'source'))
    const path = (name: string) => join(folder.dir, 'source', name)
    source = { genesis: path('a'), rollup: path('b'), l1ChainConfig: path('c') }
    writeFileSync(source.genesis, JSON.stringify({ config: { chainId: 901 }, alloc: {} }))
    writeFileSync(source.rollup, JSON.stringify(rollupConfig(config, deployment, 1_800_000_000)))
    writeFileSync(source.l1ChainConfig, JSON.stringify(l1ChainConfig(900, 'osaka')))
    manifest = replicaManifest(config, deployment, source)
    dir = join(folder.dir, 'network')
    await writeNetworkFolder(dir, { manifest, files: source })
  })
  afterEach(() => folder.remove())

  /** One line that says what to do, of this class. */
  async function refused<E extends BaseError>(
    kind: new (...args: never[]) => E,
    work: Promise<unknown>,
  ): Promise<E> {
    const error = await work.then(
      () => assert.fail('it was taken'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof kind, String(error))
    assert.ok(!error.message.includes('\n'))
    return error
  }

  it('is read as it was written', async () => {
    const read = await readNetworkFolder(dir)
    assert.deepEqual(read.manifest, manifest)
    for (const key of ['genesis', 'rollup', 'l1ChainConfig'] as const)
      assert.deepEqual(readFileSync(read[key]), readFileSync(source[key]))
    assert.deepEqual(readdirSync(dir).sort(), [
      '901.json',
      'genesis.json',
      'l1-chain-config.json',
      'rollup.json',
    ])
  })

  it('takes what may change in the life of a network', async () => {
    const newer: Manifest = {
      ...manifest,
      l2: { ...manifest.l2, rpcUrl: 'http://127.0.0.1:2' },
      services: { api: 'http://127.0.0.1:3' },
    }
    await writeNetworkFolder(dir, { manifest: newer, files: source })
    assert.deepEqual((await readNetworkFolder(dir)).manifest, newer)
  })

  it('is not written at all where a file is missing or wrong, and removes what a killed write left', async () => {
    const other = join(folder.dir, 'other')
    await assert.rejects(
      writeNetworkFolder(other, { manifest, files: { ...source, genesis: join(folder.dir, 'nothing') } }),
    )
    await assert.rejects(
      writeNetworkFolder(other, { manifest, files: { ...source, rollup: source.genesis } }),
      NetworkFileHashError,
    )
    assert.deepEqual(readdirSync(folder.dir).sort(), ['network', 'source'])
    const half = `${other}.0123abcd.tmp`
    cpSync(dir, half, { recursive: true })
    await writeNetworkFolder(other, { manifest, files: source })
    assert.deepEqual(readdirSync(folder.dir).sort(), ['network', 'other', 'source'])
  })

  it('takes no other network', async () => {
    const before = readFileSync(inFolder('901.json'))
    for (const change of [
      { ...manifest, l2: { ...manifest.l2, genesisHash: hash('dd') } },
      { ...manifest, l1: { ...manifest.l1, startBlock: { number: 34, hash: hash('ee') } } },
      { ...manifest, opStack: { rollupFileHash: hash('ff'), l1ChainConfigHash: hash('ff'), versions: {} } },
    ]) {
      await refused(OtherNetworkError, writeNetworkFolder(dir, { manifest: change, files: source }))
      assert.deepEqual(readFileSync(inFolder('901.json')), before)
    }
  })

  for (const name of ['901.json', 'genesis.json', 'rollup.json', 'l1-chain-config.json']) {
    it(`is refused without ${name}`, async () => {
      rmSync(inFolder(name))
      const error = await refused(NetworkFileMissingError, readNetworkFolder(dir))
      assert.equal(error.file, name === '901.json' ? 'manifest' : name)
    })
  }

  it('is refused where there is none, and where there are two', async () => {
    await refused(NetworkFileMissingError, readNetworkFolder(join(folder.dir, 'nowhere')))
    cpSync(inFolder('901.json'), inFolder('902.json'))
    const error = await refused(SeveralManifestsError, readNetworkFolder(dir))
    assert.deepEqual([...error.files].sort(), ['901.json', '902.json'])
    rmSync(inFolder('901.json'))
    await refused(NetworkFieldError, readNetworkFolder(dir))
    writeFileSync(inFolder('902.json'), '{')
    await assert.rejects(readNetworkFolder(dir), ManifestError)
  })

  it('is refused for a network without replicas', async () => {
    const { opStack, ...without } = manifest
    assert.ok(opStack !== undefined)
    for (const other of [{ ...manifest, engine: 'anvil' }, { ...without, engine: 'anvil' }, without]) {
      writeFileSync(inFolder('901.json'), JSON.stringify(other))
      await refused(NoReplicasError, readNetworkFolder(dir))
    }
  })

  it('is refused with any byte of rollup.json or l1-chain-config.json changed, added or missing', async () => {
    for (const name of ['rollup.json', 'l1-chain-config.json']) {
      const path = inFolder(name)
      const right = readFileSync(path)
      const position = fc.nat({ max: right.length - 1 })
      const change = fc.tuple(
        position,
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('change', 'add', 'drop'),
      )
      const property = fc.asyncProperty(change, async ([at, bits, how]) => {
        const byte = Buffer.from([(right[at] ?? 0) ^ bits])
        const rest = how === 'add' ? right.subarray(at) : right.subarray(at + 1)
        writeFileSync(path, Buffer.concat([right.subarray(0, at), how === 'drop' ? Buffer.of() : byte, rest]))
        const error = await refused(NetworkFileHashError, readNetworkFolder(dir))
        assert.ok(error.message.includes(sha256(right)) && error.message.includes(sha256(readFileSync(path))))
      })
      await fc.assert(property, { numRuns: 60 })
      writeFileSync(path, right)
    }
    await readNetworkFolder(dir)
  })

  it('is refused where the files were made for another chain, although their hashes are right', async () => {
    // Where in the file, and what another chain would have there.
    const others: [keyof NetworkFiles, string, unknown][] = [
      ['rollup', 'l1_chain_id', 1],
      ['rollup', 'l2_chain_id', 10],
      ['rollup', 'genesis.l1.hash', hash('01')],
      ['rollup', 'genesis.l1.number', 34],
      ['rollup', 'genesis.l2.hash', hash('02')],
      ['rollup', 'genesis.l2.number', 1],
      ['rollup', 'deposit_contract_address', account().address],
      ['rollup', 'l1_system_config_address', account().address],
      ['rollup', 'block_time', 12],
      ['rollup', 'seq_window_size', 3_600],
      ['l1ChainConfig', 'chainId', 1],
      ['genesis', 'config.chainId', 10],
    ]
    const original = await readNetworkFolder(dir)
    for (const [file, field, value] of others) {
      const right = readFileSync(original[file])
      for (const wrong of [value, undefined]) {
        edit(original[file], (json) => set(json, field.split('.'), wrong))
        const { opStack } = replicaManifest(config, deployment, original)
        writeFileSync(inFolder('901.json'), JSON.stringify({ ...manifest, opStack }))
        const error = await refused(NetworkFieldError, readNetworkFolder(dir))
        assert.equal(error.field, field)
        assert.equal(basename(error.file), basename(original[file]))
        assert.ok(
          error.message.includes(String(wrong ?? 'nothing')) && error.message.includes(error.expected),
        )
      }
      writeFileSync(original[file], right)
    }
    assert.ok(existsSync(dir))
  })
})

function set(json: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return
  if (rest.length === 0) json[key] = value
  // Safe: the test names only paths that are there.
  else set(json[key] as Record<string, unknown>, rest, value)
}

import assert from 'node:assert/strict'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createClient, http } from 'viem'
import { getBlock } from 'viem/actions'
import { openDumpStore } from '../../../../chain/engine/anvil/dump.ts'
import { type AnvilNode, startAnvil } from '../../../../chain/engine/anvil/node.ts'
import { anvil } from '../../../../chain/engine/anvil/rpc.ts'
import {
  CorruptedStateError,
  NothingToRepairError,
  StateNotSavedError,
} from '../../../../chain/engine/errors.ts'
import { temporaryFolder } from '../../fixture.ts'

describe('dump store', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let node: AnvilNode
  const start = (loadState?: string) =>
    startAnvil({
      name: 'test node',
      port: 0,
      chainId: 900,
      cacheDir: join(folder.dir, 'cache'),
      ...(loadState === undefined ? {} : { loadState }),
    })
  const client = () => createClient({ transport: http(node.rpcUrl, { retryCount: 0 }) })
  const dir = () => join(folder.dir, 'dumps')
  const files = () => readdirSync(dir()).sort()

  beforeEach(async () => {
    folder = await temporaryFolder()
    node = await start()
  })
  afterEach(async () => {
    await node.stop()
    await folder.remove()
  })

  async function mineAndSave(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await anvil(client(), 'evm_mine', [])
      await openDumpStore({ dir: dir() }).save(client())
    }
  }

  it('has nothing to offer before the first save', async () => {
    assert.equal(await openDumpStore({ dir: dir() }).latest(), undefined)
  })

  it('keeps two generations and names the head of the newest', async () => {
    await mineAndSave(5)
    const head = await getBlock(client())
    const latest = await openDumpStore({ dir: dir() }).latest()
    assert.equal(latest?.hash, head.hash)
    assert.equal(latest?.number, 5n)
    assert.deepEqual(files(), ['000000000004.dump', '000000000005.dump'])
  })

  it('brings a node back to the saved head, with old blocks, on wall-clock time', async () => {
    const genesis = await getBlock(client(), { blockNumber: 0n })
    await mineAndSave(3)
    const saved = await Promise.all([1n, 2n, 3n].map((blockNumber) => getBlock(client(), { blockNumber })))
    await node.stop()

    const load = join(folder.dir, 'load.json')
    await openDumpStore({ dir: dir() }).extract(load)
    node = await start(load)
    assert.equal((await getBlock(client(), { blockNumber: 0n })).hash, genesis.hash)
    for (const { number, hash } of saved) {
      assert.equal((await getBlock(client(), { blockNumber: number })).hash, hash)
    }
    await anvil(client(), 'evm_mine', [])
    const next = await getBlock(client())
    const now = Math.floor(Date.now() / 1_000)
    assert.equal(next.parentHash, saved.at(-1)?.hash)
    assert.ok(Math.abs(Number(next.timestamp) - now) <= 2, `block time ${next.timestamp}, wall clock ${now}`)
  })

  const damages: [string, (path: string) => void][] = [
    ['a flipped byte', flipByte],
    ['a torn end', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['no content', (path) => truncateSync(path, 0)],
    ['a torn header', (path) => truncateSync(path, 20)],
  ]
  for (const [what, damage] of damages) {
    it(`refuses ${what}, changes nothing, and repair goes back one`, async () => {
      await mineAndSave(3)
      const newest = join(dir(), '000000000003.dump')
      damage(newest)
      const before = files()
      const store = openDumpStore({ dir: dir() })
      for (const attempt of [store.latest(), store.extract(join(folder.dir, 'load.json'))]) {
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof CorruptedStateError)
          assert.match(error.message, /hashsand devnet repair/)
          return error.path === newest
        })
      }
      assert.deepEqual(files(), before)

      const { state, setAside } = await store.repair()
      assert.equal(state.number, 2n)
      assert.deepEqual(setAside, [`${newest}.aside`])
      assert.equal((await store.latest())?.number, 2n)
    })
  }

  it('names the file that cannot be written, keeps the state before, and goes on once it can', async () => {
    await mineAndSave(1)
    const obstacle = join(dir(), '000000000002.dump.tmp')
    mkdirSync(obstacle)
    await assert.rejects(mineAndSave(1), (error) => error instanceof StateNotSavedError && error.retry)
    assert.equal((await openDumpStore({ dir: dir() }).latest())?.number, 1n)
    rmdirSync(obstacle)
    await mineAndSave(1)
    assert.equal((await openDumpStore({ dir: dir() }).latest())?.number, 3n)
  })

  it('says so when no generation is whole', async () => {
    await mineAndSave(2)
    for (const name of files()) flipByte(join(dir(), name))
    await assert.rejects(openDumpStore({ dir: dir() }).repair(), NothingToRepairError)
    assert.equal(files().length, 2)
  })

  it('ignores what a kill left of an unfinished save', async () => {
    await mineAndSave(2)
    writeFileSync(join(dir(), '000000000003.dump.tmp'), 'half a du')
    assert.equal((await openDumpStore({ dir: dir() }).latest())?.number, 2n)
    await mineAndSave(1)
    assert.equal((await openDumpStore({ dir: dir() }).latest())?.number, 3n)
  })
})

function flipByte(path: string): void {
  const content = readFileSync(path)
  const at = content.length - 100
  content.writeUInt8(content.readUInt8(at) ^ 1, at)
  writeFileSync(path, content)
}

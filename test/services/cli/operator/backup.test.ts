import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import type { Deployment, L1Contracts } from '../../../../chain/deploy/config.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../../chain/engine/opstack/networkFolder.ts'
import { l1ChainConfig, rollupConfig } from '../../../../chain/genesis/geth.ts'
import { l1ContractNames } from '../../../../chain/manifest.ts'
import { lockStateFolder } from '../../../../services/cli/devnet/lock.ts'
import { backUpOperator, restoreOperator } from '../../../../services/cli/operator/backup.ts'
import {
  BackupDamagedError,
  NoOperatorDataError,
  NotAnOperatorBackupError,
  OperatorFolderTakenError,
  OperatorRunsError,
  SpaceMissingError,
} from '../../../../services/cli/operator/backupErrors.ts'
import { CopyExistsError } from '../../../../services/runtime/database/errors.ts'
import { account, config, temporaryFolder } from '../../../chain/fixture.ts'
import { replicaManifest } from '../../../chain/networkFixture.ts'

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

/** Files as a database has them: names in folders, and some of them empty. */
const trees = fc
  .dictionary(
    fc.constantFrom(
      'geth/chaindata/000001.ldb',
      'geth/chaindata/CURRENT',
      'geth/nodekey',
      'geth/a/b/c.cidx',
      'd',
    ),
    fc.uint8Array({ maxLength: 5_000 }),
    { minKeys: 1 },
  )
  .map((tree) => new Map(Object.entries(tree)))

// What a backup is good for is tried with the real programs in test/e2e/opstack/deploy.test.ts; here that it is whole, or refused.
describe('backup of an operator', function () {
  this.timeout(60_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let count = 0
  const place = () => join(folder.dir, `${count++}`)

  let network: string
  before(async () => {
    folder = await temporaryFolder()
    network = join(folder.dir, 'network')
    const path = (name: string) => join(folder.dir, name)
    const files = { genesis: path('a'), rollup: path('b'), l1ChainConfig: path('c') }
    writeFileSync(files.genesis, JSON.stringify({ config: { chainId: 901 }, alloc: {} }))
    writeFileSync(files.rollup, JSON.stringify(rollupConfig(config, deployment, 1_800_000_000)))
    writeFileSync(files.l1ChainConfig, JSON.stringify(l1ChainConfig(900, 'osaka')))
    await writeNetworkFolder(network, { manifest: replicaManifest(config, deployment, files), files })
  })
  after(() => folder.remove())

  /** An operator's folder with these files as its database. */
  function operatorWith(tree: ReadonlyMap<string, Uint8Array>): string {
    const data = place()
    cpSync(network, join(data, 'network'), { recursive: true })
    mkdirSync(join(data, 'l2', 'geth', 'geth', 'chaindata'), { recursive: true })
    mkdirSync(join(data, 'logs'))
    writeFileSync(join(data, 'logs', 'geth.log'), 'words')
    writeFileSync(join(data, 'l2', 'jwt.hex'), 'ab'.repeat(32), { mode: 0o600 })
    // Who has the database open.
    writeFileSync(join(data, 'l2', 'geth', 'geth', 'chaindata', 'LOCK'), '')
    for (const [name, content] of tree) {
      mkdirSync(dirname(join(data, 'l2', 'geth', name)), { recursive: true })
      writeFileSync(join(data, 'l2', 'geth', name), content)
    }
    return data
  }

  /** Every file below a folder, by its name there. */
  const filesIn = (root: string): Map<string, Buffer> =>
    new Map(
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .sort()
        .filter((name) => statSync(join(root, name)).isFile())
        .map((name) => [name, readFileSync(join(root, name))]),
    )

  /** What the network folder of an operator says; refused unless its files belong together. */
  async function networkIn(data: string) {
    const { manifest, ...files } = await readNetworkFolder(join(data, 'network'))
    return [
      manifest,
      readFileSync(files.genesis),
      readFileSync(files.rollup),
      readFileSync(files.l1ChainConfig),
    ]
  }

  const some = new Map([['geth/chaindata/CURRENT', Buffer.from('MANIFEST-000001\n')]])

  it('gives back the same files, the same network, and a secret of its own', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const data = operatorWith(tree)
        const [backup, restored] = [place(), place()]
        await backUpOperator(data, backup)
        const secrets = [...filesIn(backup).keys()].filter((name) => /jwt|log|LOCK/.test(name))
        assert.deepEqual(secrets, [])
        await restoreOperator(backup, restored)
        const expected = new Map([...tree].sort().map(([name, content]) => [name, Buffer.from(content)]))
        assert.deepEqual(filesIn(join(restored, 'l2', 'geth')), expected)
        const [given, read] = [await networkIn(data), await networkIn(restored)]
        assert.deepEqual(read, given)
        const jwt = join(restored, 'l2', 'jwt.hex')
        assert.notDeepEqual(readFileSync(jwt), readFileSync(join(data, 'l2', 'jwt.hex')))
        assert.equal(statSync(jwt).mode & 0o777, 0o600)
      }),
      { numRuns: 4 },
    )
  })

  it('is refused when one byte of it is another, a file is missing or there is one more, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(trees, fc.nat(), async (tree, at) => {
        const backup = place()
        await backUpOperator(operatorWith(tree), backup)
        const names = [...tree.keys()].sort()
        const name = names[at % names.length] ?? ''
        const damages = {
          byte: (path: string) => flip(path, at),
          missing: (path: string) => rmSync(path),
          more: (path: string) => writeFileSync(`${path}.more`, ''),
        }
        for (const damage of Object.values(damages)) {
          const [copy, target] = [place(), place()]
          cpSync(backup, copy, { recursive: true })
          damage(join(copy, 'geth', name))
          await assert.rejects(restoreOperator(copy, target), BackupDamagedError)
          assert.ok(!existsSync(join(target, 'l2')) && !existsSync(join(target, 'network')))
        }
      }),
      { numRuns: 4 },
    )
  })

  function flip(path: string, at: number): void {
    const content = readFileSync(path)
    const place = at % Math.max(1, content.length)
    const changed = Buffer.from([(content[place] ?? 0) ^ 1])
    writeFileSync(path, Buffer.concat([content.subarray(0, place), changed, content.subarray(place + 1)]))
  }

  it('is none without its note, which is written last', async () => {
    const data = operatorWith(some)
    const backup = place()
    await backUpOperator(data, backup)
    await assert.rejects(backUpOperator(data, backup), CopyExistsError)
    rmSync(join(backup, 'operator-backup.json'))
    await assert.rejects(restoreOperator(backup, place()), NotAnOperatorBackupError)
    // A backup that was killed: it never got its name, and the next one begins anew.
    renameSync(backup, `${backup}.partial`)
    await assert.rejects(restoreOperator(backup, place()), NotAnOperatorBackupError)
    await backUpOperator(data, backup)
    assert.ok(!existsSync(`${backup}.partial`))
    await restoreOperator(backup, place())
  })

  it('is not made of an operator that runs, and ends what a killed one left behind', async () => {
    const data = operatorWith(some)
    const lock = await lockStateFolder(data)
    await assert.rejects(backUpOperator(data, place()), OperatorRunsError)
    await lock.release()
    // Named as the programs of the engine are.
    const orphan = spawn('sleep', ['600'], { argv0: join(data, 'geth'), stdio: 'ignore' })
    await once(orphan, 'spawn')
    const ended = once(orphan, 'exit')
    await backUpOperator(data, place()).finally(() => orphan.kill('SIGTERM'))
    assert.deepEqual(await ended, [null, 'SIGKILL'])
  })

  it('is not begun where there is no room for it, and leaves nothing there', async () => {
    const data = operatorWith(some)
    // More than any disk of a test has, and it takes none of it.
    const size = 2 ** 43
    truncateSync(join(data, 'l2', 'geth', 'geth', 'chaindata', 'CURRENT'), size)
    const backup = place()
    await assert.rejects(backUpOperator(data, backup), (error) => {
      assert.ok(error instanceof SpaceMissingError)
      assert.ok(error.neededBytes > size && error.freeBytes < size)
      return true
    })
    assert.ok(!existsSync(backup) && !existsSync(`${backup}.partial`))
  })

  it('is not made of what is no operator’s folder', async () => {
    const empty = place()
    mkdirSync(empty)
    await assert.rejects(backUpOperator(empty, place()), NoOperatorDataError)
    assert.deepEqual(readdirSync(empty), [])
  })

  it('goes into an empty place alone: what is there stays, what a killed restore left does not', async () => {
    const backup = place()
    await backUpOperator(operatorWith(some), backup)
    const other = operatorWith(new Map([['geth/nodekey', Buffer.from('another')]]))
    const before = filesIn(join(other, 'l2'))
    await assert.rejects(restoreOperator(backup, other), OperatorFolderTakenError)
    assert.deepEqual(filesIn(join(other, 'l2')), before)

    const killed = place()
    cpSync(join(other, 'l2'), join(killed, 'l2'), { recursive: true })
    await restoreOperator(backup, killed)
    assert.deepEqual([...filesIn(join(killed, 'l2', 'geth')).keys()], [...some.keys()])

    const lock = await lockStateFolder(killed)
    await assert.rejects(restoreOperator(backup, killed), OperatorRunsError)
    await lock.release()
  })
})

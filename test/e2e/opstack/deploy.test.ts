import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, createTestClient, formatEther, http, parseEther, toHex } from 'viem'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { readNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip, pidsOf } from '../../chain/engine/opstack/fixture.ts'
import { type TestNode, temporaryFolder } from '../../chain/fixture.ts'
import { startForeignL1, testRoles } from '../../services/cli/deployFixture.ts'
import { type Command, hashsand, interrupt, refusal } from '../../support/devnet.ts'

const chainId = 31_342
const rules = 'prague'

// All that an operator does, by the commands alone, on an L1 of others: a plain anvil with a chain id and rules of its own.
describe('an operator with the commands alone', function () {
  this.timeout(480_000)
  let l1: TestNode
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let operator: Command | undefined
  const at = (name: string) => join(folder.dir, name)
  const l1Client = () => createPublicClient({ transport: http(l1.rpcUrl), cacheTime: 0 })
  const l2Client = (url: string) => createPublicClient({ transport: http(url), cacheTime: 0 })

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    await buildOrSkip(this)
    folder = await temporaryFolder()
    l1 = await startForeignL1(chainId, rules, [])
    const miner = createTestClient({ mode: 'anvil', transport: http(l1.rpcUrl) })
    await anvil(miner, 'evm_setAutomine', [false])
    await miner.setIntervalMining({ interval: 1 })
  })
  after(async () => {
    await operator?.killTree()
    if (folder !== undefined) await stopComponentOrphans(at('data'))
    await l1?.stop()
    await folder?.remove()
  })

  it('makes keys, deploys although it is killed on the way, runs the chain, completes it, and goes on after a stop', async () => {
    const addresses = await makeKeys(['deployer', 'batcher', 'proposer'])
    await fund(addresses)
    const urls = { l1: l1.rpcUrl, l2: 'http://127.0.0.1:1' }
    const { deployer, ...roles } = addresses
    const text = testRoles(chainId, rules, (file) => {
      Object.assign(Object(file.roles), roles)
      Object.assign(Object(file.l1), { blockTimeSeconds: 1 })
      Object.assign(Object(file.l2), { blockTimeSeconds: 1 })
      file.urls = urls
    })
    writeFileSync(at('roles.json'), text)

    const deploy = [
      'deploy',
      '--l1',
      l1.rpcUrl,
      '--roles',
      at('roles.json'),
      ...deployerOptions(),
      '--confirmations',
      '1',
    ]
    for (const progress of [2, 14]) {
      const run = hashsand([...deploy, '--send'])
      await run.line((line) => Number(Object(line.progress).done) >= progress)
      await sleep(Math.random() * 1_000)
      await run.killTree()
    }
    const last = hashsand([...deploy, '--send'])
    await ended(last)
    const planned = 39
    const count = await l1Client().getTransactionCount({ address: addressOf(deployer) })
    assert.equal(count, planned)
    // Nothing on a chain depends on URLs, so they may change.
    urls.l2 = 'http://127.0.0.1:2'
    writeFileSync(at('roles.json'), JSON.stringify({ ...JSON.parse(text), urls }))
    const again = hashsand([...deploy, '--send'])
    await ended(again)
    assert.deepEqual([again.lines.at(-1)?.isNew, again.lines.at(-1)?.sent], [false, 0])

    const basePort = 21_000 + Math.floor(Math.random() * 9_000)
    let l2RpcUrl = await up(basePort)
    await ended(hashsand(['deploy', 'l2', ...deployerOptions(), '--l2', l2RpcUrl, '--send']))
    const { manifest } = await readNetworkFolder(at('network'))
    assert.equal(manifest.l2.rpcUrl, urls.l2)
    assert.equal(manifest.indices.length, 1)
    assert.ok(manifest.tokens[0] !== undefined && manifest.l2.contracts !== undefined)
    for (const address of [
      manifest.tokens[0].l2,
      manifest.l2.contracts.SwapRouter,
      hashsandPredeploys.Ledger,
    ]) {
      assert.ok((await l2Client(l2RpcUrl).getCode({ address })) !== undefined)
    }
    // A deposit that nobody but op-node brought there.
    const { relayer } = JSON.parse(text).roles
    assert.equal(await l2Client(l2RpcUrl).getBalance({ address: relayer }), parseEther('0.2'))

    await checkMetrics(l2RpcUrl, addressOf(addresses.batcher))
    await checkFees(l2RpcUrl, JSON.parse(text).feeScalars)

    const backup = ['operator', 'backup', at('backup'), '--data', at('data')]
    assert.equal((await refusal(hashsand(backup))).error, 'OperatorRunsError')
    const before = await l2Client(l2RpcUrl).getBlock()
    assert.equal(await interrupt(operator as Command), 0)
    assert.deepEqual(
      ['geth', 'op-node', 'op-batcher', 'op-proposer'].flatMap((name) => pidsOf(at('data'), name)),
      [],
    )
    await ended(hashsand(backup))
    // The disk is lost, and with it blocks that nobody else has.
    rmSync(at('data'), { recursive: true })
    await ended(hashsand(['operator', 'restore', at('backup'), '--data', at('data')]))
    l2RpcUrl = await up(basePort)
    const kept = await l2Client(l2RpcUrl).getBlock({ blockNumber: before.number })
    assert.equal(kept.hash, before.hash)
    while ((await l2Client(l2RpcUrl).getBlockNumber()) <= before.number + 2n) await sleep(200)
  })

  /** What the metrics say lies between two looks at the chains and at the disk. */
  async function checkMetrics(l2RpcUrl: string, batcher: `0x${string}`): Promise<void> {
    const look = async () => ({
      'head_block{head="unsafe"}': Number(await l2Client(l2RpcUrl).getBlockNumber()),
      'head_block{head="l1"}': Number(await l1Client().getBlockNumber()),
      'nonce{role="batcher"}': await l1Client().getTransactionCount({ address: batcher }),
      // What is spent never comes back here.
      'key_balance_ether{role="batcher"}': -Number(
        formatEther(await l1Client().getBalance({ address: batcher })),
      ),
    })
    const url = operator?.lines.find((line) => line.up === true)?.metricsUrl
    const before = await look()
    const text = await (await fetch(`${url}/metrics`)).text()
    const after = await look()
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`hashsand_operator_${name} `))
          ?.split(' ')[1],
      )
    for (const [name, least] of Object.entries(before)) {
      const given = name.startsWith('key_balance') ? -value(name) : value(name)
      // Safe: the same names.
      const most = after[name as keyof typeof after]
      assert.ok(given >= least && given <= most, `${name} is ${given}, not from ${least} to ${most}`)
    }
    assert.equal(value('ready'), 1)
    const lag = value('head_time_seconds{head="unsafe"}') - value('head_time_seconds{head="safe"}')
    assert.equal(value('safe_lag_seconds'), lag)
    assert.ok(value('nonce_gap{role="batcher"}') >= 0)
    const size = Number(
      spawnSync('du', ['-sk', at('data/l2/geth')], { encoding: 'utf8' }).stdout.split('\t')[0],
    )
    // Two looks at a database that is being written, and folders count for du.
    const measured = value('archive_bytes') / 1_024
    assert.ok(measured > size / 2 && measured < size * 2, `${measured} KiB, du says ${size}`)
    assert.ok(value('disk_free_bytes') > 0)
  }

  /** What the transactions of the deployment on L2 paid leaves the vaults, and L2 charges by the scalars of the roles file. */
  async function checkFees(l2RpcUrl: string, scalars: Record<string, number>): Promise<void> {
    const onNetwork = [
      ...['--manifest', at(`network/${(await readNetworkFolder(at('network'))).manifest.l2.chainId}.json`)],
      ...['--state', at('state'), '--l1', l1.rpcUrl, '--l2', l2RpcUrl],
    ]
    const fees = hashsand(['operator', 'fees', ...onNetwork])
    await ended(fees)
    assert.deepEqual([fees.lines[0]?.scalars, fees.lines[0]?.onL2], [scalars, scalars])

    // Without the network folder, which the manifest stands for.
    const key = deployerOptions().slice(2)
    const vaults = hashsand(['operator', 'fee-vaults', ...onNetwork, ...key, '--send'])
    await ended(vaults)
    const shown = vaults.lines.filter(({ isDue }) => isDue === true)
    const sent = vaults.lines.filter(({ transaction }) => transaction !== undefined)
    assert.ok(shown.length >= 2, JSON.stringify(vaults.lines))
    assert.deepEqual(
      sent.map(({ vault }) => vault),
      shown.map(({ vault }) => vault),
    )
    for (const [index, { amountWei, withdrawal, recipient }] of sent.entries()) {
      // It pays fees itself, into the vaults that are emptied after it.
      assert.ok(BigInt(String(amountWei)) >= BigInt(String(shown[index]?.balanceWei)))
      assert.match(String(withdrawal), /^0x[0-9a-f]{64}$/)
      assert.equal(recipient, (await readNetworkFolder(at('network'))).manifest.l1.contracts.Timelock)
    }
  }

  async function makeKeys(roles: readonly string[]): Promise<Record<string, string>> {
    mkdirSync(at('keys'), { mode: 0o700 })
    writeFileSync(at('keys/password'), 'a password of a test\n', { mode: 0o600 })
    const made: Record<string, string> = {}
    for (const role of roles) {
      const command = hashsand(['keys', 'new', '--role', role, '--keys', at('keys')])
      await ended(command)
      made[role] = String(command.lines[0]?.address)
    }
    return made
  }

  async function fund(addresses: Record<string, string>): Promise<void> {
    for (const role of ['deployer', 'batcher', 'proposer']) {
      await anvil(l1Client(), 'anvil_setBalance', [String(addresses[role]), toHex(parseEther('10'))])
    }
  }

  const deployerOptions = () => [
    ...['--network', at('network'), '--keystore', at('keys/deployer.json')],
    ...['--password-file', at('keys/password')],
  ]

  async function up(basePort: number): Promise<string> {
    operator = hashsand([
      ...['operator', 'up', '--network', at('network'), '--l1', l1.rpcUrl, '--keys', at('keys')],
      ...['--data', at('data'), '--base-port', `${basePort}`],
    ])
    const line = await operator.line((said) => said.up === true)
    return String(line.l2RpcUrl)
  }
})

function addressOf(text: string | undefined): `0x${string}` {
  // Safe: an address that the command printed.
  return String(text) as `0x${string}`
}

async function ended(command: Command): Promise<void> {
  assert.equal(await command.ended, 0, command.stderr())
}

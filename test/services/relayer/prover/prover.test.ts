import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Abi,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeAbiParameters,
  type Hash,
  http,
  keccak256,
  parseEther,
} from 'viem'
import type { L1Contracts } from '../../../../chain/deploy/config.ts'
import { bitcoinRelay, rewardIndex } from '../../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../../chain/generated/addresses.ts'
import { buildGenesis } from '../../../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../../../chain/genesis/inject.ts'
import { l1ContractNames } from '../../../../chain/manifest.ts'
import { buried, completeDays, type DayTotals } from '../../../../oracle/dayTotals.ts'
import { simulatorNetwork, simulatorSeed, simulatorTerms } from '../../../../oracle/developmentNetworks.ts'
import { coinbaseProofs } from '../../../../oracle/proofs/coinbaseProofs.ts'
import { encodeHeaders, headerBatches } from '../../../../oracle/proofs/headerBatches.ts'
import {
  type ChainState,
  mineBlock,
  type SimulatedBlock,
  startOfChain,
} from '../../../../oracle/simulator/mine.ts'
import type { ProofSource } from '../../../../oracle/sources/blockSource.ts'
import { NoCommonBlockError, SourceChainLighterError } from '../../../../services/relayer/prover/errors.ts'
import { proveDay, proveHeaders } from '../../../../services/relayer/prover/prover.ts'
import { openRelay } from '../../../../services/relayer/prover/relay.ts'
import { createSend } from '../../../../services/relayer/prover/send.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { type Outbox, openOutbox } from '../../../../services/runtime/outbox.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { account, config, startTestNode, type TestNode } from '../../../chain/fixture.ts'

const log = createLog('test', 'silent')
const chainId = 901
const network = 1
const { firstDay, unitWork } = simulatorNetwork()
/** The first three days and what lies before and after them. */
const mined = mine(simulatorSeed, startOfChain(simulatorSeed), 520)
const main = mined.map(({ block }) => block)

describe('prover', () => {
  const payer = account()
  const stranger = account()
  let node: TestNode
  let folder: string
  let outbox: Outbox
  let stop: AbortController
  const client = () => createPublicClient({ transport: http(node.rpcUrl, { batch: true }), cacheTime: 0 })
  const index = { address: hashsandPredeploys.RewardIndex, abi: rewardIndex.abi } as const
  const relay = { address: hashsandPredeploys.BitcoinRelay, abi: bitcoinRelay.abi } as const

  beforeEach(async () => {
    node = await startTestNode(chainId, ['--network', 'optimism', '--hardfork', 'granite'])
    const now = Number((await client().getBlock()).timestamp)
    const proven = {
      ...config,
      // A hundred days are over.
      clock: { firstEpoch: firstDay, start: now - 100, epochSeconds: 1 },
      networks: config.networks.map((given) => ({
        ...given,
        ...{ class: 'proven' as const, prover: relay.address, firstDay, unitWork },
      })),
    }
    const bitcoin = await simulatorTerms()
    const networks = proven.networks.map((given) => ({ ...given, bitcoin }))
    await injectGenesis(node.rpcUrl, await buildGenesis({ ...proven, networks }, l1))
    const test = createTestClient({ mode: 'anvil', transport: http(node.rpcUrl) })
    for (const { address } of [payer, stranger]) await test.setBalance({ address, value: parseEther('100') })

    folder = await mkdtemp(join(tmpdir(), 'hashsand-prover-'))
    stop = new AbortController()
    const store = await openOutboxStore(join(folder, 'outbox'))
    outbox = await openOutbox({
      client: client(),
      account: payer,
      store,
      log,
      signal: stop.signal,
      pollMs: 20,
    })
  })
  afterEach(async () => {
    stop.abort()
    await outbox.close()
    await node.stop()
    await rm(folder, { recursive: true })
  })

  /** A round, and where there is more to do, rounds until `day` is closed. */
  async function proveUntil(day: number, source: ProofSource, days: ReadonlyMap<number, DayTotals>) {
    while ((await round(source, days)).nextDay <= day);
  }

  async function round(source: ProofSource, days: ReadonlyMap<number, DayTotals>) {
    const read = openRelay(client(), relay.address)
    const send = createSend({ client: client(), relay: read, outbox, log })
    const totals = async (day: number) => days.get(day)
    const context = { relay: read, source, send, days: { totals }, isTurn: () => true, log }
    await proveHeaders(context)
    return proveDay(context)
  }

  const statementOf = (day: number) =>
    client().readContract({ ...index, functionName: 'statementOf', args: [network, day] })

  /** Whoever has no part in the node. */
  async function sendAs(functionName: 'addHeaders' | 'proveCoinbases', args: readonly unknown[]) {
    const wallet = createWalletClient({ account: stranger, transport: http(node.rpcUrl) })
    const abi: Abi = relay.abi
    const hash = await wallet.writeContract({ ...relay, abi, functionName, args, chain: null })
    const { status } = await client().waitForTransactionReceipt({ hash, pollingInterval: 20 })
    assert.equal(status, 'success')
  }

  it('proves day after day, and the days are final with the totals of the source', async () => {
    const days = await daysOf(main)
    const source = sourceOf(main)
    await proveUntil(firstDay + 1, source, new Map([...days].slice(0, 2)))
    for (const day of [firstDay, firstDay + 1]) assert.equal(await statementOf(day), statement(days.get(day)))
    const last = await client().readContract({ ...index, functionName: 'lastContiguousDay', args: [network] })
    assert.equal(last, firstDay + 1)
    const [subsidy] = await client().readContract({
      ...index,
      functionName: 'settledReward',
      args: [network, firstDay],
    })
    const totals = days.get(firstDay)
    assert.ok(totals)
    assert.equal(subsidy, (totals.subsidy * unitWork * 10n ** 18n) / totals.work)
  })

  it('does nothing while the source does not show the day whole', async () => {
    assert.equal((await round(sourceOf(main), new Map())).nextDay, firstDay)
    assert.equal(await client().getTransactionCount(payer), 0)
  })

  it('goes on with what others have sent, however they cut it', async () => {
    const days = await daysOf(main)
    const totals = days.get(firstDay)
    assert.ok(totals)
    const whole = main.filter(({ height }) => height >= totals.firstHeight && height <= totals.lastHeight)
    const batches = headerBatches(whole.slice(0, 100), 37)
    for (const batch of batches) await sendAs('addHeaders', [batch.parent, encodeHeaders(batch)])
    const medians = { medianFee: totals.medianFee, previousMedianFee: 0n }
    for (const proof of batches
      .slice(0, 2)
      .flatMap((batch) => coinbaseProofs(batch, medians))
      .slice(0, 5)) {
      const { checkpoint, group, medianFee, previousMedianFee, otherGroupHashes, proofs } = proof
      const args = [checkpoint, group, medianFee, previousMedianFee, otherGroupHashes, proofs]
      await sendAs('proveCoinbases', args)
    }
    await proveUntil(firstDay, sourceOf(main), new Map([[firstDay, totals]]))
    assert.equal(await statementOf(firstDay), statement(totals))
    const groups = [...batches, ...headerBatches(whole.slice(100))].flatMap(({ blocks }) =>
      Math.ceil(blocks.length / 12),
    )
    const sent = groups.reduce((sum, count) => sum + count, 0) - 5
    // Two batches of headers: the rest of the day, and what buries it. And the day is closed.
    assert.equal(await client().getTransactionCount(payer), sent + 3)
  })

  it('moves the relay off a branch that its source has left', async () => {
    const days = await daysOf(main)
    const totals = days.get(firstDay)
    assert.ok(totals)
    const fork = totals.lastHeight - 2
    const left = branchAt(fork, 'left', 2)
    const shared = main.filter(({ height }) => height >= totals.firstHeight && height <= fork)
    for (const batch of headerBatches([...shared, ...left]))
      await sendAs('addHeaders', [batch.parent, encodeHeaders(batch)])
    assert.equal(await client().readContract({ ...relay, functionName: 'best' }), left.at(-1)?.hash)

    await proveUntil(firstDay, sourceOf(main), new Map([[firstDay, totals]]))
    assert.equal(await statementOf(firstDay), statement(totals))
  })

  it('sends nothing while the relay is on a branch with more work than the source shows', async () => {
    const days = await daysOf(main)
    const totals = days.get(firstDay)
    assert.ok(totals)
    const fork = totals.lastHeight - 2
    const heavier = branchAt(fork, 'heavier', 20)
    const shared = main.filter(({ height }) => height >= totals.firstHeight && height <= fork)
    for (const batch of headerBatches([...shared, ...heavier]))
      await sendAs('addHeaders', [batch.parent, encodeHeaders(batch)])
    const behind = main.filter(({ height }) => height <= totals.lastHeight + 6)
    await assert.rejects(round(sourceOf(behind), days), SourceChainLighterError)
    assert.equal(await client().getTransactionCount(payer), 0)
  })

  it('says so when the relay follows another chain', async () => {
    const other = mine('other', startOfChain('other'), 400).map(({ block }) => block)
    await assert.rejects(round(sourceOf(other), await daysOf(other)), NoCommonBlockError)
    assert.equal(await client().getTransactionCount(payer), 0)
  })
})

// Safe: one entry for every name.
const l1 = Object.fromEntries(l1ContractNames.map((name) => [name, account().address])) as L1Contracts

type Mined = { block: SimulatedBlock; next: ChainState }

function mine(seed: string, from: ChainState, count: number): Mined[] {
  const blocks: Mined[] = []
  for (let state = from; blocks.length < count; ) {
    const found = mineBlock(seed, state)
    blocks.push(found)
    state = found.next
  }
  return blocks
}

/** Other blocks on top of the main chain's block at `height`. */
function branchAt(height: number, seed: string, count: number): SimulatedBlock[] {
  const fork = mined.find(({ block }) => block.height === height)
  assert.ok(fork)
  return mine(seed, fork.next, count).map(({ block }) => block)
}

function sourceOf(blocks: readonly SimulatedBlock[]): ProofSource {
  const last = blocks.at(-1)
  assert.ok(last)
  return {
    kind: 'simulator',
    confirmations: 6,
    async *blocks(after = 0) {
      yield* blocks.filter(({ height }) => height > after)
    },
    tip: async () => ({ height: last.height, hash: last.hash }),
    proofOf: async (wanted) => {
      const found = blocks.find(({ height }) => height === wanted)
      assert.ok(found)
      return found
    },
  }
}

async function daysOf(blocks: readonly SimulatedBlock[]): Promise<Map<number, DayTotals>> {
  const days = new Map<number, DayTotals>()
  for await (const totals of completeDays(buried(blocks, 6), { firstDay })) days.set(totals.day, totals)
  return days
}

/** What the index keeps of a proven day, from totals that never were in a contract. */
function statement(totals: DayTotals | undefined): Hash {
  assert.ok(totals)
  const { lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee } = totals
  const types = ['uint32', 'bytes32', 'uint256', 'uint128', 'uint128', 'uint128', 'uint128'] as const
  return keccak256(
    encodeAbiParameters(
      types.map((type) => ({ type })),
      [lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee],
    ),
  )
}

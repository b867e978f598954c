import { type Address, encodeFunctionData, type Hex, type PublicClient, zeroAddress } from 'viem'
import { predeploys } from '../chain/generated/addresses.ts'
import { l1BlockAbi, l1StandardBridgeAbi, l2OutputOracleAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import { type Call, minGasLimit } from './actions.ts'
import {
  burnedGas,
  depositPrice,
  type Metering,
  messageGas,
  readMetering,
  steepestRisePermille,
} from './metering.ts'
import { depositWaits, type Wait, type WithdrawalTiming, withdrawalWaits } from './waits.ts'

// What a transfer costs and how long it takes, before anything is signed. Gas of L1 holds for a deposit in the next block; `expected` is within a
// quarter of what is used (a proof may lie a node less deep in its trie than is told), `limit` is what to sign with: it suffices even if the
// portal's price rises as fast as it can until then. Times are L1's.

/** Gas units of the chain where the step is. */
export type Gas = { expected: bigint; limit: bigint }

export type Step = {
  name: 'deposit' | 'arrive' | 'initiate' | 'propose' | 'prove' | 'finalise'
  side: 'l1' | 'l2'
  /** Whose transaction it is: what the operator does costs its user nothing, and anybody may do it instead. */
  by: 'user' | 'operator'
  /** Absent where nothing is paid on that chain. */
  gas?: Gas
  /** When it is over, from now and as times of L1's clock. */
  over: Wait & { leastAt: bigint; expectedAt: bigint }
}

export type Estimate = {
  /** The time of L1's newest block: now. */
  l1Time: bigint
  steps: readonly Step[]
}

type Clients = { l1: PublicClient; l2: PublicClient }
type OnBoth = { manifest: Pick<Manifest, 'engine' | 'l1' | 'l2'> }

/** What is moved. */
export type Cargo = 'erc20' | 'ether' | 'erc20 with gas'

/* L1 TO L2 */

/** What a deposit takes on L1 beside what is burned for its gas on L2. */
const depositWork: Record<Cargo, bigint> = { erc20: 145_000n, ether: 105_000n, 'erc20 with gas': 215_000n }
/** The same of a call of the portal itself, without a bridge. */
const portalWork = 40_000n
/** What the portal does inside of its metering: at least this is used however little is burned. */
const meteredWork = 25_000n

/** Of a deposit over the standard bridge, or by `depositWithGasCall`. An allowance is not in it. */
export async function estimateDeposit(
  clients: Clients,
  { manifest, cargo }: OnBoth & { cargo: Cargo },
): Promise<Estimate> {
  const { l1 } = clients
  const [market, waits, bought] = await Promise.all([
    readMarket(l1, { manifest }),
    readDepositWaits(clients, { manifest }),
    Promise.all(messagesOf[cargo].map((message) => messageGas(l1, { manifest, message, minGasLimit }))),
  ])
  const gas = l1Gas(market, { bought, work: depositWork[cargo] })
  return inSteps(market.l1Time, [
    { name: 'deposit', side: 'l1', by: 'user', gas, over: waits.sent },
    { name: 'arrive', side: 'l2', by: 'operator', over: waits.arrived },
  ])
}

/** Messages of the bridges: what they cost depends on their length alone. */
const tokenMessage = encodeFunctionData({
  abi: l1StandardBridgeAbi,
  functionName: 'finalizeBridgeERC20',
  args: [zeroAddress, zeroAddress, zeroAddress, zeroAddress, 0n, '0x'],
})
const etherMessage = encodeFunctionData({
  abi: l1StandardBridgeAbi,
  functionName: 'finalizeBridgeETH',
  args: [zeroAddress, zeroAddress, 0n, '0x'],
})
const messagesOf: Record<Cargo, readonly Hex[]> = {
  erc20: [tokenMessage],
  ether: [etherMessage],
  'erc20 with gas': [etherMessage, tokenMessage],
}

type Market = Metering & { l1BaseFee: bigint; l1Block: bigint; l1Time: bigint }

async function readMarket(l1: PublicClient, { manifest }: OnBoth): Promise<Market> {
  const [metering, block] = await Promise.all([readMetering(l1, { manifest }), l1.getBlock()])
  return {
    ...metering,
    l1BaseFee: block.baseFeePerGas ?? 0n,
    l1Block: block.number,
    l1Time: block.timestamp,
  }
}

/** Of a transaction with one or several deposits in the next block. */
function l1Gas(market: Market, { bought, work }: { bought: readonly bigint[]; work: bigint }): Gas {
  const price = depositPrice(market, market.l1Block + 1n)
  const dearest = (price * steepestRisePermille(market.config)) / 1_000n
  const total = (at: bigint, l1BaseFee: bigint) =>
    bought.reduce((sum, gas) => sum + most(meteredWork, burnedGas({ gas, price: at, l1BaseFee })), work)
  // L1's own price falls by an eighth a block at most, and the burn rises with it.
  const limit = (total(dearest, (market.l1BaseFee * 7n) / 8n) * 12n) / 10n
  return { expected: total(price, market.l1BaseFee), limit }
}

async function readDepositWaits({ l1, l2 }: Clients, { manifest }: OnBoth) {
  const [{ timestamp: l1Time }, origin] = await Promise.all([
    l1.getBlock(),
    l2.readContract({ address: predeploys.L1Block, abi: l1BlockAbi, functionName: 'timestamp' }),
  ])
  return depositWaits({ ...blockTimes(manifest), originLagSeconds: Math.max(0, Number(l1Time - origin)) })
}

/* L2 TO L1 */

/** A transaction's own cost and the portal's, and what each node of the proof adds. */
const proofWork = 116_000n
const proofNodeWork = 32_000n
/** Delivering a message of the bridges to an account. */
const finaliseWork = 235_000n
/** On top, because the portal wants to see the message's gas left, used or not. */
const finaliseReserve = 650_000n

export type WithdrawalEstimateParameters = OnBoth & {
  /** The withdrawal as `withdrawErc20Call` or `withdrawEtherCall` makes it, and whose it is. */
  call: Call
  account: Address
  /** L2 gas that a forced transaction buys for it on L1, where it goes through L1. */
  throughL1Gas?: bigint
}

/** Of a withdrawal, begun on L2 or through L1. Throws viem's error where L2 would not carry out the call. */
export async function estimateWithdrawal(
  clients: Clients,
  parameters: WithdrawalEstimateParameters,
): Promise<Estimate> {
  const { manifest, throughL1Gas } = parameters
  const [market, nodes] = await Promise.all([readMarket(clients.l1, { manifest }), proofNodes(clients.l2)])
  const first =
    throughL1Gas === undefined
      ? await onL2(clients.l2, parameters)
      : await throughL1(clients, parameters, market)
  const waits = withdrawalWaits(
    await readWithdrawalTiming(clients, { manifest, begins: first.begins, l1Time: market.l1Time }),
  )
  const prove = proofWork + proofNodeWork * (nodes + 1n)
  return inSteps(market.l1Time, [
    ...first.steps(waits.initiated),
    { name: 'propose', side: 'l1', by: 'operator', over: waits.covered },
    {
      name: 'prove',
      side: 'l1',
      by: 'operator',
      gas: { expected: prove, limit: (prove * 5n) / 4n },
      over: waits.proven,
    },
    {
      name: 'finalise',
      side: 'l1',
      by: 'operator',
      gas: { expected: finaliseWork, limit: finaliseWork + finaliseReserve },
      over: waits.finalised,
    },
  ])
}

type Beginning = { begins: Wait; steps: (initiated: Wait) => Unfinished[] }

async function onL2(l2: PublicClient, { call, account }: WithdrawalEstimateParameters): Promise<Beginning> {
  const expected = await l2.estimateGas({ account, ...call })
  const gas = { expected, limit: (expected * 12n) / 10n }
  return {
    begins: { leastSeconds: 0, expectedSeconds: 0 },
    steps: (over) => [{ name: 'initiate', side: 'l2', by: 'user', gas, over }],
  }
}

async function throughL1(
  clients: Clients,
  { manifest, throughL1Gas = 0n }: WithdrawalEstimateParameters,
  market: Market,
): Promise<Beginning> {
  const { sent, arrived } = await readDepositWaits(clients, { manifest })
  const gas = l1Gas(market, { bought: [throughL1Gas], work: portalWork })
  return {
    begins: arrived,
    steps: () => [
      { name: 'deposit', side: 'l1', by: 'user', gas, over: sent },
      { name: 'initiate', side: 'l2', by: 'operator', over: arrived },
    ],
  }
}

/** How deep the trie is in which a withdrawal has to be shown: the length of a proof that something is not there. */
async function proofNodes(l2: PublicClient): Promise<bigint> {
  const { storageProof } = await l2.getProof({
    address: predeploys.L2ToL1MessagePasser,
    storageKeys: [absentSlot],
    blockTag: 'latest',
  })
  return BigInt(storageProof[0]?.proof.length ?? 0)
}

const absentSlot: Hex = `0x${'ab'.repeat(32)}`

async function readWithdrawalTiming(
  { l1, l2 }: Clients,
  { manifest, begins, l1Time }: OnBoth & Pick<WithdrawalTiming, 'begins' | 'l1Time'>,
): Promise<WithdrawalTiming> {
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const [next, interval, startingBlock, startingTime, l2BlockTime, period, head, safe] = await Promise.all([
    l1.readContract({ ...oracle, functionName: 'nextBlockNumber' }),
    l1.readContract({ ...oracle, functionName: 'SUBMISSION_INTERVAL' }),
    l1.readContract({ ...oracle, functionName: 'startingBlockNumber' }),
    l1.readContract({ ...oracle, functionName: 'startingTimestamp' }),
    l1.readContract({ ...oracle, functionName: 'L2_BLOCK_TIME' }),
    l1.readContract({ ...oracle, functionName: 'FINALIZATION_PERIOD_SECONDS' }),
    l2.getBlockNumber({ cacheTime: 0 }),
    // Engine anvil proposes what is on disk, op-stack what L1 holds.
    manifest.engine === 'op-stack' ? l2.getBlock({ blockTag: 'safe' }) : undefined,
  ])
  const times = blockTimes(manifest)
  const behind = safe === undefined ? 0n : head - safe.number
  return {
    ...times,
    l1Time,
    begins,
    l2Head: head,
    safeLagSeconds: Math.max(0, Number(behind)) * times.l2BlockSeconds,
    nextOutputBlock: next,
    submissionInterval: interval,
    startingBlock,
    startingTime,
    l2BlockTime,
    finalizationPeriodSeconds: Number(period),
  }
}

/* WORDS OF BOTH */

type Unfinished = Omit<Step, 'over'> & { over: Wait }

function inSteps(l1Time: bigint, steps: readonly Unfinished[]): Estimate {
  const at = (seconds: number) => l1Time + BigInt(seconds)
  return {
    l1Time,
    steps: steps.map(({ over, ...step }) => ({
      ...step,
      over: { ...over, leastAt: at(over.leastSeconds), expectedAt: at(over.expectedSeconds) },
    })),
  }
}

function blockTimes({ l1, l2 }: OnBoth['manifest']) {
  return { l1BlockSeconds: l1.blockTimeSeconds, l2BlockSeconds: l2.blockTimeSeconds }
}

function most(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

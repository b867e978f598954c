import {
  type Address,
  encodeFunctionData,
  formatEther,
  formatGwei,
  type PublicClient,
  BaseError as ViemError,
} from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import { type FeeScalars, maxFeeScalars } from '../../../chain/deploy/config.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import { l1BlockAbi, systemConfigAbi } from '../../../chain/generated/opAbi.ts'
import { mayRetry } from '../../runtime/loop.ts'
import type { Context } from '../context.ts'
import { dataFeeWei, type L1Prices, tradeBytes, transferBytes } from './dataFee.ts'
import {
  FeeScalarError,
  NotGovernorError,
  NotOwnedByTimelockError,
  OperationWaitsError,
  RefusedByTimelockError,
} from './errors.ts'
import { type Signer, sendCall } from './signer.ts'
import { isGovernor, type Operation, readOperation } from './timelock.ts'

const names: Record<keyof FeeScalars, string> = {
  baseFee: 'base fee scalar',
  blobBaseFee: 'blob base fee scalar',
}

/** Reads a scalar that a person typed. Throws FeeScalarError. */
export function parseScalar(scalar: keyof FeeScalars, text: string): number {
  const value = Number(text)
  if (/^\d{1,10}$/.test(text) && value <= maxFeeScalars[scalar]) return value
  throw new FeeScalarError(names[scalar], text, maxFeeScalars[scalar])
}

export type FeesParameters = {
  l1: PublicClient
  l2: PublicClient
  contracts: { SystemConfig: Address; Timelock: Address }
  /** What they shall be; the one that is absent stays. */
  wanted: Partial<FeeScalars>
  /** Absent: nothing is sent. */
  signer?: Signer
}

type Head = { number: bigint; timestamp: bigint }
type Standing = { head: Head; onL1: FeeScalars; onL2: FeeScalars; prices: L1Prices }

/** Shows what data cost users, and where a change of it stands; with a signer takes the next step of that change. */
export async function showFees(
  context: Pick<Context, 'output' | 'folder'>,
  parameters: FeesParameters,
): Promise<void> {
  const { output } = context
  const { wanted, signer, l1 } = parameters
  const standing = await readStanding(parameters)
  const { onL1, onL2, prices } = standing
  output.result({ scalars: onL1, onL2, ...prices, ...costs(onL1, prices) }, describe(standing))
  const scalars = { ...onL1, ...wanted }
  if (Object.keys(wanted).length === 0) return output.progress('Name scalars to change them.')
  const { SystemConfig, Timelock } = parameters.contracts
  const change = { timelock: Timelock, target: SystemConfig, data: setScalars(scalars) }
  const operation = await readOperation(l1, change, standing.head)
  if (isSame(scalars, onL1)) return tellDone(context, scalars, operation, isSame(onL1, onL2))
  output.result(
    { change: scalars, ...costs(scalars, prices), ...fieldsOf(operation) },
    describeChange(scalars, prices, operation, Timelock),
  )
  if (signer === undefined) {
    output.progress('Nothing was sent. Add --send to take the next step.')
    return
  }
  await takeStep(context, parameters, { signer, operation, head: standing.head })
}

function tellDone(
  { output }: Pick<Context, 'output'>,
  scalars: FeeScalars,
  { lastDone, doneBefore }: Operation,
  isOnL2: boolean,
): void {
  const where = isOnL2 ? 'L1 and L2 have' : 'L1 has'
  const by = lastDone === undefined ? 'since the deployment' : `done by operation ${lastDone}`
  output.result(
    {
      change: scalars,
      operation: { id: lastDone ?? null, state: 'done', readyAt: null, doneBefore },
      isOnL2,
    },
    `${where} these scalars, ${by}.${isOnL2 ? '' : ' L2 takes them with the L1 block in which they were set.'}`,
  )
}

async function readStanding({ l1, l2, contracts }: FeesParameters): Promise<Standing> {
  const { number, timestamp } = await l1.getBlock()
  const { SystemConfig, Timelock } = contracts
  const config = { address: SystemConfig, abi: systemConfigAbi, blockNumber: number } as const
  const block = { address: predeploys.L1Block, abi: l1BlockAbi } as const
  const [owner, baseFee, blobBaseFee] = await Promise.all([
    l1.readContract({ ...config, functionName: 'owner' }),
    l1.readContract({ ...config, functionName: 'basefeeScalar' }),
    l1.readContract({ ...config, functionName: 'blobbasefeeScalar' }),
  ])
  if (owner !== Timelock) throw new NotOwnedByTimelockError('SystemConfig', owner, Timelock)
  const [l2BaseFee, l2BlobBaseFee, baseFeeWei, blobBaseFeeWei] = await Promise.all([
    l2.readContract({ ...block, functionName: 'baseFeeScalar' }),
    l2.readContract({ ...block, functionName: 'blobBaseFeeScalar' }),
    l2.readContract({ ...block, functionName: 'basefee' }),
    l2.readContract({ ...block, functionName: 'blobBaseFee' }),
  ])
  return {
    head: { number, timestamp },
    onL1: { baseFee, blobBaseFee },
    onL2: { baseFee: l2BaseFee, blobBaseFee: l2BlobBaseFee },
    prices: { baseFeeWei, blobBaseFeeWei },
  }
}

type Step = { signer: Signer; operation: Operation; head: Head }

/** Schedules what nobody has, executes what is ready. */
async function takeStep(
  context: Pick<Context, 'output' | 'folder'>,
  { l1, contracts: { Timelock } }: FeesParameters,
  { signer, operation, head }: Step,
): Promise<void> {
  const { id, state, readyAt = 0n, schedule, execute } = operation
  const { address } = signer.account
  if (state === 'waiting') throw new OperationWaitsError(id, readyAt - head.timestamp, dateOf(readyAt))
  const [act, call] =
    state === 'unknown' ? (['schedule', schedule] as const) : (['execute', execute] as const)
  if (act === 'schedule' && !(await isGovernor(l1, Timelock, address)))
    throw new NotGovernorError(address, Timelock, call.data)
  await assertTaken(l1, act, address, call)
  const sending = { client: l1, side: 'l1', signer, call } as const
  const receipt = await sendCall(context, {
    ...sending,
    effect: `timelock:${act}:${id}`,
    missingAt: head.number,
  })
  const text =
    act === 'schedule'
      ? 'Scheduled. Run the same command again when the delay is over to execute it.'
      : 'Executed. L2 charges by it from the L1 block on in which it was.'
  context.output.result({ act, operation: id, transaction: receipt?.transactionHash ?? null }, text)
}

async function assertTaken(l1: PublicClient, act: string, account: Address, call: Call): Promise<void> {
  try {
    await l1.estimateGas({ account, ...call })
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    throw new RefusedByTimelockError(act, error.shortMessage, error)
  }
}

function setScalars({ baseFee, blobBaseFee }: FeeScalars) {
  const args = [baseFee, blobBaseFee] as const
  return encodeFunctionData({ abi: systemConfigAbi, functionName: 'setGasConfigEcotone', args })
}

const isSame = (one: FeeScalars, other: FeeScalars): boolean =>
  one.baseFee === other.baseFee && one.blobBaseFee === other.blobBaseFee

const costs = (scalars: FeeScalars, prices: L1Prices) => ({
  transferWei: dataFeeWei(transferBytes, scalars, prices),
  tradeWei: dataFeeWei(tradeBytes, scalars, prices),
})

const fieldsOf = ({ id, state, readyAt, doneBefore, schedule, execute }: Operation) => ({
  operation: { id, state, readyAt: readyAt ?? null, doneBefore },
  schedule,
  execute,
})

function describe({ onL1, onL2, prices }: Standing): string {
  const lines = [
    `Base fee scalar ${onL1.baseFee}: users pay ${share(onL1.baseFee)} of what their data cost as calldata of L1, now ${formatGwei(prices.baseFeeWei)} gwei a gas`,
    `Blob base fee scalar ${onL1.blobBaseFee}: and ${share(onL1.blobBaseFee)} of what they cost in blobs, now ${formatGwei(prices.blobBaseFeeWei)} gwei a byte`,
    cost(onL1, prices),
    ...(isSame(onL1, onL2) ? [] : [`L2 still charges by ${onL2.baseFee} and ${onL2.blobBaseFee}`]),
  ]
  return lines.join('\n')
}

function describeChange(
  scalars: FeeScalars,
  prices: L1Prices,
  operation: Operation,
  timelock: Address,
): string {
  const { id, state, readyAt = 0n, schedule, execute } = operation
  const meaning = {
    unknown: 'unknown to the timelock: its governor schedules it',
    waiting: `waiting until ${dateOf(readyAt)}`,
    ready: 'ready: anybody executes it',
  }[state]
  return [
    `Change to ${scalars.baseFee} and ${scalars.blobBaseFee}: ${cost(scalars, prices)}`,
    `operation ${id}: ${meaning}`,
    `to        ${timelock}`,
    ...(state === 'unknown' ? [`schedule  ${schedule.data}`] : []),
    `execute   ${execute.data}`,
  ].join('\n')
}

/** Scalars are millionths. */
const share = (scalar: number): string => String(scalar / 1_000_000)

function cost(scalars: FeeScalars, prices: L1Prices): string {
  const { transferWei, tradeWei } = costs(scalars, prices)
  return `data of a transfer (${transferBytes} bytes) cost ${formatEther(transferWei)} ETH, of a trade (${tradeBytes}) ${formatEther(tradeWei)} ETH`
}

const dateOf = (seconds: bigint): string => new Date(Number(seconds) * 1_000).toISOString()

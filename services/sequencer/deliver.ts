import { isAddressEqual, keccak256, size, BaseError as ViemError } from 'viem'
import { type Call, finaliseCall, proveCall, relayCall } from '../../bridge/actions.ts'
import { relayOf } from '../../bridge/message.ts'
import { checkOutputRoot, outputRootProof, proveArguments, withdrawalSlot } from '../../bridge/withdrawal.ts'
import { BaseError } from '../../chain/errors.ts'
import { opConstants } from '../../chain/generated/addresses.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { sendOnce } from '../runtime/attempt.ts'
import { mayRetry } from '../runtime/loop.ts'
import { OutboxStoppedError } from '../runtime/outboxErrors.ts'
import { batchCall, batchLimits, type EstimatedCall, gasLimitOf, grouped } from './batch.ts'
import { proofOf, readOutput } from './capture.ts'
import { ProofMissingError, UndeliverableError } from './errors.ts'
import { heldAfter } from './hold.ts'
import { inTurn } from './inTurn.ts'
import { alertOf, type Network } from './network.ts'
import type { WithdrawalRecord } from './records.ts'
import type { StepName } from './steps.ts'
import type { Withdrawer } from './withdraw.ts'

/*
 * From steps that are due to transactions. Calls that run no code of strangers (every proof; coins of ours and ether for accounts
 * without code) go many at a time through Multicall3. Each is estimated alone, and one whose estimate fails is left out. Code of strangers
 * never runs in a transaction with others: it may behave in an estimate, and then burn the gas of all.
 */

export type DueStep = { record: WithdrawalRecord; name: StepName }
type Prepared = EstimatedCall & { due: DueStep }

/** Strangers' code that is estimated and sent at the same time. */
const strangersAtOnce = 8
const estimatesAtOnce = 8
/** Precompiles have no code to be seen, and burn all gas for wrong input. */
const lowAddresses = 1n << 16n

/** Begins to send what is due at L1's block `at`. Nobody waits for it: what is on its way counts as busy. */
export async function deliver(withdrawer: Withdrawer, due: readonly DueStep[], at: bigint): Promise<void> {
  const { busy, network, steps } = withdrawer
  const shared: DueStep[] = []
  const alone: DueStep[] = []
  const strange: DueStep[] = []
  const isStrange = await inTurn(
    due,
    async (step) => kindOf(step) !== 'prove' && (await runsStrangersCode(network, step.record)),
  )
  for (const [index, step] of due.entries()) {
    if (isStrange[index] === true) strange.push(step)
    else if (withdrawer.multicall === undefined || steps.wasShared(step.name)) alone.push(step)
    else shared.push(step)
  }
  // Those that have failed less go first.
  const free = Math.max(0, strangersAtOnce - withdrawer.strangers)
  const next = strange.toSorted((a, b) => triesOf(withdrawer, a) - triesOf(withdrawer, b)).slice(0, free)
  for (const { record } of [...shared, ...alone, ...next]) busy.add(record.id)
  for (const step of next) {
    withdrawer.strangers += 1
    run(withdrawer, [step], () => deliverGroup(withdrawer, [step], at)).finally(() => {
      withdrawer.strangers -= 1
    })
  }
  for (const step of alone) run(withdrawer, [step], () => deliverGroup(withdrawer, [step], at))
  if (shared.length > 0) run(withdrawer, shared, () => deliverGroup(withdrawer, shared, at))
}

/** Runs a task beside the loop, and frees its messages when it is over. What nobody expected ends the loop's next round. */
async function run(
  withdrawer: Withdrawer,
  due: readonly DueStep[],
  task: () => Promise<void>,
): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!(error instanceof OutboxStoppedError)) withdrawer.bug = error
  } finally {
    for (const { record } of due) withdrawer.busy.delete(record.id)
  }
}

/** Each batch goes as soon as it is full, and the next ones are prepared while it is on its way. */
async function deliverGroup(withdrawer: Withdrawer, due: readonly DueStep[], at: bigint): Promise<void> {
  const sending: Promise<void>[] = []
  let waiting: Prepared[] = []
  let hasFailed = false
  const begin = (group: readonly Prepared[]) => {
    const sent = send(withdrawer, group, at)
    sent.catch(() => {
      hasFailed = true
    })
    sending.push(sent)
  }
  // Once one can't be sent, as at a stop, no more are prepared.
  for (let from = 0; from < due.length && !hasFailed; from += estimatesAtOnce) {
    const some = due
      .slice(from, from + estimatesAtOnce)
      .map((step) => prepare(withdrawer, step, at, due.length > 1))
    waiting.push(...(await Promise.all(some)).filter((step) => step !== undefined))
    const groups = grouped(waiting)
    // The last one has room for more.
    waiting = groups.pop() ?? []
    for (const group of groups) begin(group)
  }
  if (waiting.length > 0) begin(waiting)
  await Promise.all(sending)
}

/** The step's call with its estimate; undefined where it would fail now, which is said and waited out. */
async function prepare(
  withdrawer: Withdrawer,
  due: DueStep,
  at: bigint,
  isShared: boolean,
): Promise<Prepared | undefined> {
  try {
    const call = await callOf(withdrawer.network, due)
    const gas = await estimate(withdrawer, due, call)
    return {
      due,
      call,
      gas,
      used: isShared && kindOf(due) !== 'prove' ? await gasUsed(withdrawer.network, call, gas) : gas,
    }
  } catch (error) {
    const tries = triesOf(withdrawer, due)
    // What a node did not answer is no failure of the message.
    const isCounted = error instanceof UndeliverableError || error instanceof ProofMissingError
    postpone(withdrawer, due, at, { error, tries: isCounted ? tries + 1 : tries })
    return undefined
  }
}

async function send(withdrawer: Withdrawer, group: readonly Prepared[], at: bigint): Promise<void> {
  const { outbox, multicall, network } = withdrawer
  const [first] = group
  if (first === undefined || network.words.paused !== undefined) return
  const before = group.map(({ due }) => ({ due, tries: triesOf(withdrawer, due) }))
  // A transaction is a try. Whether it had its effect shows in the message's state, which takes the hold away.
  for (const { due, tries } of before) network.holds.set(due.record.id, heldAfter(tries + 1, at, undefined))
  const gas = gasLimitOf(group)
  try {
    if (group.length === 1 || multicall === undefined) {
      await sendOnce(outbox, { effect: first.due.name, missingAt: at }, { ...first.call, gas })
      return
    }
    const call = batchCall(multicall, group)
    network.log.info({ kind: kindOf(first.due), messages: group.length, gas }, 'sequencer.batch')
    await sendOnce(outbox, { effect: `batch:${keccak256(call.data)}`, missingAt: at }, { ...call, gas })
  } catch (error) {
    for (const { due, tries } of before) postpone(withdrawer, due, at, { error, tries })
  }
}

/** Lets a step wait after an error, and says why. Throws what nobody expected. */
function postpone(
  { network }: Withdrawer,
  { record: { id } }: DueStep,
  at: bigint,
  { error, tries }: { error: unknown; tries: number },
): void {
  if (error instanceof OutboxStoppedError) throw error
  if (!(error instanceof BaseError) && !(error instanceof ViemError)) throw error
  const reason = error instanceof BaseError ? error.message : error.shortMessage
  network.holds.set(id, heldAfter(tries, at, reason))
  if (error instanceof BaseError) alertOf(network, { kind: 'withdrawal', id }, reason)
  else network.log.warn({ id, reason }, 'sequencer.withdrawal.retry')
}

/** How often the step was tried, by this process or, as far as the outbox shows it, by those before it. */
function triesOf({ network, steps }: Withdrawer, { record, name }: DueStep): number {
  return network.holds.get(record.id)?.tries ?? steps.count(name)
}

function kindOf({ name }: DueStep): 'prove' | 'finalise' | 'replay' {
  // Safe: a StepName begins with one of these.
  return name.slice(0, name.indexOf(':')) as 'prove' | 'finalise' | 'replay'
}

async function callOf(network: Network, due: DueStep): Promise<Call> {
  const { OptimismPortal, L1CrossDomainMessenger } = network.manifest.l1.contracts
  const { record } = due
  if (kindOf(due) === 'prove') return proof(network, record)
  const relay = kindOf(due) === 'replay' ? relayOf(record.withdrawal.data) : undefined
  return relay === undefined
    ? finaliseCall(OptimismPortal, record.withdrawal)
    : relayCall(L1CrossDomainMessenger, relay)
}

async function proof(network: Network, { id, withdrawal }: WithdrawalRecord): Promise<Call> {
  const { l1, manifest } = network
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const index = await l1.readContract({
    ...oracle,
    functionName: 'getL2OutputIndexAfter',
    args: [withdrawal.origin.blockNumber],
  })
  const proposal = await l1.readContract({ ...oracle, functionName: 'getL2Output', args: [index] })
  const slot = withdrawalSlot(id)
  const output = await readOutput(network, { number: proposal.l2BlockNumber, slot })
  const entry = output && proofOf(output, slot)
  if (output === undefined || entry === undefined) throw new ProofMissingError(id, proposal.l2BlockNumber)
  checkOutputRoot(proposal.l2BlockNumber, outputRootProof(output), proposal.outputRoot)
  return proveCall(
    manifest.l1.contracts.OptimismPortal,
    index,
    proveArguments(withdrawal, output, entry.proof),
  )
}

/**
 * Gas of the call where it has its effect. Sent from the estimation address the contracts revert where they would otherwise swallow the
 * failure of a message, which finalised now would be spent without its effect. The node tries no more gas than would be paid for.
 */
async function estimate({ network, maxGas }: Withdrawer, due: DueStep, call: Call): Promise<bigint> {
  const step = kindOf(due) === 'prove' ? 'proven' : 'delivered'
  const refuse = (reason: string, cause?: unknown) =>
    new UndeliverableError(due.record.id, step, 'L1', reason, cause)
  const bytes = size(call.data)
  if (bytes > batchLimits.bytes)
    throw refuse(`it takes ${bytes} bytes, and nodes pass on ${batchLimits.bytes}.`)
  try {
    return await network.l1.estimateGas({ account: opConstants.EstimationAddress, ...call, gas: maxGas })
  } catch (cause) {
    if (!(cause instanceof ViemError) || mayRetry(cause)) throw cause
    const most = `its call would fail, even with the ${maxGas} gas that this service pays for.`
    throw refuse(`${most} ${cause.shortMessage}`, cause)
  }
}

/** What is used up of the gas that a call takes. A refund at its end lowers what a node says by up to a fifth. */
async function gasUsed({ l1 }: Network, call: Call, gas: bigint): Promise<bigint> {
  try {
    const given = { account: opConstants.EstimationAddress, ...call, gas: 2n * gas }
    const { gasUsed: said } = await l1.createAccessList(given)
    const used = (said * 125n) / 100n
    return used < gas ? used : gas
  } catch (error) {
    // Not every node knows the method: then all of it counts as used, and fewer calls go together.
    if (!(error instanceof ViemError) && !mayRetry(error)) throw error
    return gas
  }
}

/** Whether delivering a withdrawal may run code that neither we nor OP have written. */
async function runsStrangersCode(
  { l1, manifest }: Network,
  { withdrawal, effect }: WithdrawalRecord,
): Promise<boolean> {
  if (effect.kind === 'erc20') {
    const { localToken, remoteToken } = effect
    return !manifest.tokens.some(
      (pair) => isAddressEqual(pair.l1, localToken) && isAddressEqual(pair.l2, remoteToken),
    )
  }
  if (effect.kind === 'call') return true
  const isPlain = withdrawal.data === '0x' || relayOf(withdrawal.data) !== undefined
  if (!isPlain || BigInt(effect.to) < lowAddresses) return true
  return (await l1.getCode({ address: effect.to })) !== undefined
}

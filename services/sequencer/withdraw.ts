import { type Hash, BaseError as ViemError } from 'viem'
import { type Call, finaliseCall, finaliseGas, proveCall } from '../../bridge/actions.ts'
import { readWithdrawalFacts } from '../../bridge/observe.ts'
import { isMature, type WithdrawalState, withdrawalState } from '../../bridge/status.ts'
import { checkOutputRoot, outputRootProof, proveArguments, withdrawalSlot } from '../../bridge/withdrawal.ts'
import { BaseError } from '../../chain/errors.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { isUnderWay, sendOnce } from '../runtime/attempt.ts'
import { mayRetry } from '../runtime/loop.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { OutboxStoppedError } from '../runtime/outboxErrors.ts'
import { readOutput } from './blocks.ts'
import { alert, type Network, remember, settledHead } from './network.ts'
import { type MessageRecord, stepped, type WithdrawalRecord } from './records.ts'

/*
 * Each withdrawal's state is read from L1 at its durable head; the store only remembers the way. What follows from a state is sent
 * through the outbox under a key that names the effect:
 *
 *   covered → prove:<hash>             anew when the output under a proof was deleted, once the index is filled again
 *   mature  → finalise:<hash>
 *
 * The portal refuses a second proof against the same root and a second finalisation, so even a transaction that a reorganisation brings
 * back has no second effect. Withdrawals do not wait for one another: the outbox has many on their way.
 */

export type Withdrawer = {
  network: Network
  outbox: Outbox
  /** Whether to prove and finalise, or only to watch. */
  relays: boolean
  busy: Set<string>
  undeliverable: Map<Hash, bigint>
  /** What a task beside the loop threw and nobody expected: the next round throws it. */
  bug?: unknown
}

export function createWithdrawer(parts: Pick<Withdrawer, 'network' | 'outbox' | 'relays'>): Withdrawer {
  return { ...parts, busy: new Set(), undeliverable: new Map() }
}

/** Brings every open message one step on. */
export async function advanceMessages(withdrawer: Withdrawer): Promise<void> {
  const { network } = withdrawer
  if (withdrawer.bug !== undefined) throw withdrawer.bug
  const head = await settledHead(network)
  if (head === undefined) return
  const [block, final, period] = await Promise.all([
    network.l1.getBlock({ blockNumber: head.number }),
    network.l1.getBlock({ blockTag: 'finalized' }),
    finalizationPeriod(network),
  ])
  const place = { chain: 'L1', blockNumber: head.number, timestamp: block.timestamp } as const
  const maturity = { l1Time: block.timestamp, finalizationPeriodSeconds: period }
  for (const record of [...network.open.values()]) {
    if (record.kind === 'withdrawal') await advance(withdrawer, record, { place, maturity })
    else if (record.state === 'included' && record.deposit.origin.blockNumber <= final.number) {
      await change(network, record.id, (now) =>
        now.state === 'included' ? stepped(now, { state: 'final', ...place }) : now,
      )
    }
  }
}

type Now = {
  place: { chain: 'L1'; blockNumber: bigint; timestamp: bigint }
  maturity: { l1Time: bigint; finalizationPeriodSeconds: bigint }
}

async function advance(withdrawer: Withdrawer, record: WithdrawalRecord, now: Now): Promise<void> {
  const { network, outbox } = withdrawer
  const { withdrawal } = record
  const contracts = network.manifest.l1.contracts
  const query = { contracts, withdrawal, blockNumber: now.place.blockNumber }
  const facts = await readWithdrawalFacts(network.l1, query)
  const state = withdrawalState(facts, now.maturity)

  if (state === 'covered') start(withdrawer, record, () => prove(withdrawer, record, now))
  // An estimate may be made with the time of this very block, at which the portal would still refuse.
  const passed = { ...now.maturity, l1Time: now.maturity.l1Time - 1n }
  if (state === 'mature' && isMature(facts, passed)) {
    start(withdrawer, record, () => finalise(withdrawer, record, now))
  }
  const shown = withIntent(outbox, record, { state, at: now.place.blockNumber })
  if (shown === record.state) return
  alert(network, `withdrawal.${record.id}`, undefined)
  await change(network, record.id, (stored) => stepped(stored, { state: shown, ...now.place }))
  network.log.info({ id: record.id, state: shown }, 'sequencer.withdrawal')
}

/** `prove-intent` and `finalise-intent` are states of ours: L1 knows nothing of them. */
function withIntent(
  outbox: Outbox,
  { id }: WithdrawalRecord,
  { state, at }: { state: WithdrawalState; at: bigint },
): WithdrawalState {
  if (state === 'covered' && isUnderWay(outbox, proveEffect(id), at)) return 'prove-intent'
  if (state === 'mature' && isUnderWay(outbox, finaliseEffect(id), at)) return 'finalise-intent'
  return state
}

/** Runs one task for a withdrawal beside all others, at most one at a time. */
function start(withdrawer: Withdrawer, { id }: WithdrawalRecord, task: () => Promise<void>): void {
  const { busy, network, relays } = withdrawer
  if (!relays || busy.has(id)) return
  busy.add(id)
  task()
    .catch((error: unknown) => {
      if (error instanceof OutboxStoppedError) return
      if (error instanceof BaseError) return alert(network, `withdrawal.${id}`, error.message)
      if (!(error instanceof ViemError)) withdrawer.bug = error
      else network.log.warn({ id, reason: error.shortMessage }, 'sequencer.withdrawal.retry')
    })
    .finally(() => busy.delete(id))
}

async function prove(
  { network, outbox }: Withdrawer,
  { id, withdrawal }: WithdrawalRecord,
  { place }: Now,
): Promise<void> {
  const { l1, manifest } = network
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const index = await l1.readContract({
    ...oracle,
    functionName: 'getL2OutputIndexAfter',
    args: [withdrawal.origin.blockNumber],
  })
  const proposal = await l1.readContract({ ...oracle, functionName: 'getL2Output', args: [index] })
  const output = await readOutput(network, proposal.l2BlockNumber)
  const slot = withdrawalSlot(id)
  const entry = output?.proof.storageProof.find(({ key }) => BigInt(key) === BigInt(slot))
  if (output === undefined || entry === undefined) {
    return alert(network, `withdrawal.${id}`, `no proof was kept for L2 block ${proposal.l2BlockNumber}`)
  }
  checkOutputRoot(proposal.l2BlockNumber, outputRootProof(output), proposal.outputRoot)
  const call = proveCall(
    manifest.l1.contracts.OptimismPortal,
    index,
    proveArguments(withdrawal, output, entry.proof),
  )
  await sendOnce(outbox, { effect: proveEffect(id), missingAt: place.blockNumber }, call)
}

/** L1 blocks that pass before a message that can't be delivered is tried again. */
const undeliverablePause = 30n

async function finalise(withdrawer: Withdrawer, record: WithdrawalRecord, now: Now): Promise<void> {
  const { network, outbox, undeliverable } = withdrawer
  const { id, withdrawal } = record
  const call = finaliseCall(network.manifest.l1.contracts.OptimismPortal, withdrawal)
  const wanted = { effect: finaliseEffect(id), missingAt: now.place.blockNumber }
  if (isUnderWay(outbox, wanted.effect, wanted.missingAt)) {
    await sendOnce(outbox, wanted, call)
    return
  }

  const pausedUntil = undeliverable.get(id) ?? 0n
  if (now.place.blockNumber < pausedUntil) return
  const gas = await deliveryGas(network, call)
  if (gas === undefined) {
    // Finalised now, the message would be spent without its effect. Its owner may still do so himself.
    undeliverable.set(id, now.place.blockNumber + undeliverablePause)
    return alert(network, `withdrawal.${id}`, `${id} can't be delivered on L1: its call would fail`)
  }
  await sendOnce(outbox, wanted, { ...call, gas })
}

async function deliveryGas({ l1 }: Network, call: Call): Promise<bigint | undefined> {
  try {
    return await finaliseGas(l1, call)
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    return undefined
  }
}

async function change(
  network: Network,
  id: Hash,
  how: (record: MessageRecord) => MessageRecord,
): Promise<void> {
  const record = await network.store.update(id, how)
  if (record !== undefined) remember(network, record)
}

function finalizationPeriod({ l1, manifest }: Network): Promise<bigint> {
  const address = manifest.l1.contracts.L2OutputOracle
  return l1.readContract({ address, abi: l2OutputOracleAbi, functionName: 'FINALIZATION_PERIOD_SECONDS' })
}

function proveEffect(id: Hash): string {
  return `prove:${id}`
}

function finaliseEffect(id: Hash): string {
  return `finalise:${id}`
}

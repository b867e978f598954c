import { type Hash, type PublicClient, BaseError as ViemError } from 'viem'
import { relayCall } from '../../bridge/actions.ts'
import { type Relay, relayHash } from '../../bridge/message.ts'
import { readRelayOutcome } from '../../bridge/observe.ts'
import { BaseError } from '../../chain/errors.ts'
import { opConstants, predeploys } from '../../chain/generated/addresses.ts'
import { sendOnce } from '../runtime/attempt.ts'
import { mayRetry } from '../runtime/loop.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { OutboxStoppedError } from '../runtime/outboxErrors.ts'
import { gasLimitOf } from './batch.ts'
import { UndeliverableError } from './errors.ts'
import { heldAfter, isHeld } from './hold.ts'
import { alertOf, type Network } from './network.ts'
import { type DepositRecord, relayWithin } from './records.ts'
import { readSteps, type StepName, type Steps } from './steps.ts'

/*
 * A deposit whose message L2's messenger could not deliver is tried again there, as soon as it would succeed: the messenger keeps it, and
 * anybody may ask for another try. The transaction goes the way of users' transactions, paid by the key `sequencer` with its ether on
 * L2. That the message arrived, through us or anybody, is read from L2's blocks (`blocks.ts`), so a block that L2 gives up takes it back.
 */

export type Replayer = {
  network: Network
  /** L2 as its users see it. */
  l2: PublicClient
  /** Opens what sends on L2; called when there is something to replay, or an earlier run left something. */
  open: () => Promise<Outbox>
  /** Whether an earlier run may have left transactions. */
  wereMade: boolean
  sender: { outbox: Outbox; steps: Steps } | undefined
  busy: Set<Hash>
  bug?: unknown
}

/** Messages that are tried at the same time. */
const replaysAtOnce = 4

export type ReplayerParts = Pick<Replayer, 'network' | 'l2' | 'open' | 'wereMade'>

export function createReplayer(parts: ReplayerParts): Replayer {
  return { ...parts, sender: undefined, busy: new Set() }
}

/** Begins to replay the failed deposits whose time has come. */
export async function replayDeposits(replayer: Replayer): Promise<void> {
  const { network, l2, busy } = replayer
  if (replayer.bug !== undefined) throw replayer.bug
  const failed = [...network.open.values()].filter(
    (message): message is DepositRecord => message.kind === 'deposit' && message.state === 'failed',
  )
  if (network.words.paused !== undefined) return
  if (replayer.sender === undefined && failed.length === 0 && !replayer.wereMade) return
  const { outbox, steps } = await senderOf(replayer)
  steps.refresh()
  const at = await l2.getBlockNumber({ cacheTime: 0 })
  const triesOf = ({ id }: DepositRecord) => network.holds.get(id)?.tries ?? 0
  for (const record of failed.sort((a, b) => triesOf(a) - triesOf(b))) {
    const relay = relayWithin(network.manifest, record)
    if (relay === undefined || busy.size >= replaysAtOnce) return
    const name: StepName = `replay:${relayHash(relay)}`
    if (
      network.words.skipped.has(record.id) ||
      busy.has(record.id) ||
      isHeld(network.holds.get(record.id), at) ||
      steps.isUnderWay(name, at)
    )
      continue
    busy.add(record.id)
    const tries = network.holds.get(record.id)?.tries ?? steps.count(name)
    replay(replayer, outbox, { id: record.id, name, relay, at, tries })
      .catch((error: unknown) => {
        if (!(error instanceof OutboxStoppedError)) replayer.bug = error
      })
      .finally(() => busy.delete(record.id))
  }
}

async function senderOf(replayer: Replayer): Promise<{ outbox: Outbox; steps: Steps }> {
  if (replayer.sender === undefined) {
    const outbox = await replayer.open()
    const steps = readSteps(outbox, { messenger: predeploys.L2CrossDomainMessenger })
    replayer.sender = { outbox, steps }
  }
  return replayer.sender
}

type Replay = { id: Hash; name: StepName; relay: Relay; at: bigint; tries: number }

async function replay(
  replayer: Replayer,
  outbox: Outbox,
  { id, name, relay, at, tries }: Replay,
): Promise<void> {
  const { network, l2 } = replayer
  try {
    const gas = await replayGas(l2, id, relay)
    // A transaction is a try; if it delivers the message, the deposit's new state takes the hold away.
    network.holds.set(id, heldAfter(tries + 1, at, undefined))
    const call = relayCall(predeploys.L2CrossDomainMessenger, relay)
    await sendOnce(outbox, { effect: name, missingAt: at }, { ...call, gas })
    alertOf(network, { kind: 'deposit', id }, undefined)
  } catch (error) {
    if (error instanceof OutboxStoppedError) throw error
    if (!(error instanceof BaseError) && !(error instanceof ViemError)) throw error
    const isFailure = error instanceof UndeliverableError
    const reason = error instanceof BaseError ? error.message : error.shortMessage
    network.holds.set(id, heldAfter(isFailure ? tries + 1 : tries, at, reason))
    // That a message can't be delivered is its sender's affair, and shown with it; anything else is the operator's.
    if (!isFailure) alertOf(network, { kind: 'deposit', id }, reason)
  }
}

/** Gas with which the message would be delivered now. From the estimation address the messenger reverts where it would fail again. */
async function replayGas(l2: PublicClient, id: Hash, relay: Relay): Promise<bigint> {
  const { failed } = await readRelayOutcome(l2, relay)
  const refuse = (reason: string, cause?: unknown) =>
    new UndeliverableError(id, 'delivered', 'L2', reason, cause)
  if (!failed) throw refuse("the messenger does not hold it as failed, so it can't be replayed.")
  const call = relayCall(predeploys.L2CrossDomainMessenger, relay)
  try {
    const gas = await l2.estimateGas({ account: opConstants.EstimationAddress, ...call })
    return gasLimitOf([{ call, gas, used: gas }])
  } catch (cause) {
    if (!(cause instanceof ViemError) || mayRetry(cause)) throw cause
    throw refuse(`its call would fail again. ${cause.shortMessage}`, cause)
  }
}

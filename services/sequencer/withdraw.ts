import type { Address, Hash } from 'viem'
import { FinalisationNotShownError } from '../../bridge/errors.ts'
import { relayHash } from '../../bridge/message.ts'
import { isMature, type WithdrawalState, withdrawalState } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { failpoint } from '../runtime/failpoint.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { type DueStep, deliver } from './deliver.ts'
import { factsAt } from './facts.ts'
import { heldAfter, isHeld, quarantineTries } from './hold.ts'
import { inTurn } from './inTurn.ts'
import { alertOf, l1HashAt, type Network, remember, settledHead } from './network.ts'
import { type L1Header, type MessageRecord, relayWithin, stepped, type WithdrawalRecord } from './records.ts'
import { readSteps, type StepName, type Steps } from './steps.ts'

/*
 * Each withdrawal's state is read from L1 at its durable head; the store only remembers the way. What follows from a state:
 *
 *   covered → prove        anew when the output under a proof was deleted, once the index is filled again
 *   mature  → finalise
 *   failed  → replay       where L1's messenger holds the message, and its call would succeed now
 *
 * What is due in one round goes in as few transactions as `deliver` finds safe. Whether a step is on its way is read from the outbox
 * (`steps.ts`), and whether it had its effect from the message's state alone, never from the status of a transaction. The portal and the
 * messenger refuse a step that was made already, so even a transaction that a reorganisation brings back has no second effect.
 */

export type Withdrawer = {
  network: Network
  outbox: Outbox
  steps: Steps
  /** L1's Multicall3; undefined where steps are sent one by one. */
  multicall: Address | undefined
  /** The most gas that this service pays for one step of one message. */
  maxGas: bigint
  /** Whether to prove and finalise, or only to watch. */
  relays: boolean
  busy: Set<Hash>
  /** Messages with strangers' code that are being delivered. */
  strangers: number
  /** What a task beside the loop threw and nobody expected: the next round throws it. */
  bug?: unknown
}

export type WithdrawerParts = Pick<Withdrawer, 'network' | 'outbox' | 'relays'> & {
  multicall?: Address | undefined
  maxGas?: bigint | undefined
}

/** What a coin takes with the gas that our transfers ask for, seven times. */
export const defaultMaxGas = 5_000_000n

export function createWithdrawer({
  multicall,
  maxGas = defaultMaxGas,
  ...parts
}: WithdrawerParts): Withdrawer {
  const { OptimismPortal: portal, L1CrossDomainMessenger: messenger } = parts.network.manifest.l1.contracts
  const steps = readSteps(parts.outbox, { portal, messenger, multicall })
  return { ...parts, multicall, maxGas, steps, busy: new Set(), strangers: 0 }
}

/** Messages that are looked at at the same time. */
const looksAtOnce = 16

/** Brings every open message one step on. */
export async function advanceMessages(withdrawer: Withdrawer): Promise<void> {
  const { network, steps } = withdrawer
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
  if (final.number > network.final) network.final = final.number
  const stand = await reopen(withdrawer, { head, place, maturity })
  steps.refresh()
  const records = [...network.open.values()]
  const due: DueStep[] = []
  for (let from = 0; from < records.length; from += looksAtOnce) {
    const looks = records.slice(from, from + looksAtOnce).map(async (record) => {
      if (record.kind === 'withdrawal') return look(withdrawer, record, { head, place, maturity })
      if (record.state === 'included' && record.deposit.origin.blockNumber <= final.number) {
        await change(network, record.id, (now) =>
          now.state === 'included' ? stepped(now, { state: 'final', ...place }) : now,
        )
      }
      return undefined
    })
    due.push(...(await Promise.all(looks)).filter((step) => step !== undefined))
  }
  if (stand) network.stoodAt = head
  if (!withdrawer.relays || network.words.paused !== undefined) return
  // What was on its way while its message was looked at may have been mined since, above the block that was looked at.
  steps.refresh()
  const missing = due.filter(({ name }) => !steps.isUnderWay(name, head.number))
  await deliver(withdrawer, missing, head.number)
}

type Now = {
  head: L1Header
  place: { chain: 'L1'; blockNumber: bigint; timestamp: bigint }
  maturity: { l1Time: bigint; finalizationPeriodSeconds: bigint }
}

/**
 * Opens again what L1 has taken back of the ends of withdrawals. They are looked at where L1 shows another block than the one at which they
 * last stood, or nobody knows of one: not while L1 is shorter than it was, as a node may only lag. Answers whether all is seen.
 */
async function reopen(withdrawer: Withdrawer, now: Now): Promise<boolean> {
  const { network } = withdrawer
  const { revocable, stoodAt } = network
  let newest = stoodAt?.number ?? 0n
  for (const [id, { history }] of revocable) {
    const endedAt = history.at(-1)?.blockNumber ?? 0n
    if (endedAt <= network.final) revocable.delete(id)
    else if (endedAt > newest) newest = endedAt
  }
  if (now.head.number < newest) return false
  if (stoodAt !== undefined && (await l1HashAt(network, stoodAt.number)) === stoodAt.hash) return true
  const seen = await inTurn([...revocable.values()], async (record) => {
    const facts = await readFacts(network, record.withdrawal, now.head)
    if (facts !== undefined) await note(withdrawer, record, withdrawalState(facts, now.maturity), now)
    return facts !== undefined
  })
  return !seen.includes(false)
}

/** Reads a withdrawal's state and notes it. Answers the step that is due, if one is. */
async function look(
  withdrawer: Withdrawer,
  record: WithdrawalRecord,
  now: Now,
): Promise<DueStep | undefined> {
  const { network, steps, busy } = withdrawer
  const { id, withdrawal } = record
  const at = now.head.number
  const isWaiting = isHeld(network.holds.get(id), at)
  // Somebody may have replayed it meanwhile: that is seen when its time has come.
  if (record.state === 'failed' && isWaiting) return undefined
  const facts = await readFacts(network, withdrawal, now.head)
  if (facts === undefined) return undefined
  const state = withdrawalState(facts, now.maturity)
  await note(withdrawer, record, state, now)

  // An estimate may be made with the time of this very block, at which the portal would still refuse.
  const passed = { ...now.maturity, l1Time: now.maturity.l1Time - 1n }
  if (state === 'mature' && !isMature(facts, passed)) return undefined
  const name = stepAfter(network, record, state)
  // Nothing can be done any more: it is only looked at in case that L1 takes it back.
  if (state === 'failed' && name === undefined)
    network.holds.set(id, heldAfter(quarantineTries, at, undefined))
  if (network.words.skipped.has(id)) return undefined
  if (name === undefined || busy.has(id) || steps.isUnderWay(name, at)) return undefined
  return isHeld(network.holds.get(id), at) ? undefined : { record, name }
}

/** Undefined where the node leaves out how a withdrawal ended: that one waits, and holds up no other. */
async function readFacts(network: Network, withdrawal: Withdrawal, head: L1Header) {
  try {
    return await factsAt(network.facts, withdrawal, head)
  } catch (error) {
    if (!(error instanceof FinalisationNotShownError)) throw error
    alertOf(network, { kind: 'withdrawal', id: withdrawal.hash }, error.message)
    return undefined
  }
}

/** What brings a withdrawal on from a state; undefined where it has to wait, or is at its end. */
function stepAfter(network: Network, record: WithdrawalRecord, state: WithdrawalState): StepName | undefined {
  if (state === 'covered') return `prove:${record.id}`
  if (state === 'mature') return `finalise:${record.id}`
  const relay = state === 'failed' ? relayWithin(network.manifest, record) : undefined
  return relay && `replay:${relayHash(relay)}`
}

async function note(
  { network, steps }: Withdrawer,
  record: WithdrawalRecord,
  state: WithdrawalState,
  { place }: Now,
): Promise<void> {
  const shown = withIntent(steps, record.id, state)
  if (shown === record.state) return
  alertOf(network, record, undefined)
  if (withoutIntent(record.state) !== state) network.holds.delete(record.id)
  const text = state === 'failed' ? failureOf(network, record) : undefined
  const step = { state: shown, ...place, ...(text !== undefined && { note: text }) }
  await change(network, record.id, (stored) => stepped(stored, step))
  network.log.info({ id: record.id, state: shown }, 'sequencer.withdrawal')
}

function failureOf({ manifest }: Network, record: WithdrawalRecord): string {
  return relayWithin(manifest, record) === undefined
    ? "its call on L1 failed; it did not go through the messenger, so it can't be replayed"
    : 'its call on L1 failed: FailedRelayedMessage'
}

/** `prove-intent` and `finalise-intent` are states of ours: L1 knows nothing of them. */
function withIntent(steps: Steps, id: Hash, state: WithdrawalState): WithdrawalState {
  if (state === 'covered' && steps.isPending(`prove:${id}`)) return 'prove-intent'
  if (state === 'mature' && steps.isPending(`finalise:${id}`)) return 'finalise-intent'
  return state
}

function withoutIntent(state: WithdrawalState): WithdrawalState {
  if (state === 'prove-intent') return 'covered'
  return state === 'finalise-intent' ? 'mature' : state
}

async function change(
  network: Network,
  id: Hash,
  how: (record: MessageRecord) => MessageRecord,
): Promise<void> {
  failpoint('withdrawal.store.before')
  const record = await network.store.update(id, how)
  failpoint('withdrawal.store.after')
  if (record !== undefined) remember(network, record)
}

function finalizationPeriod({ l1, manifest }: Network): Promise<bigint> {
  const address = manifest.l1.contracts.L2OutputOracle
  return l1.readContract({ address, abi: l2OutputOracleAbi, functionName: 'FINALIZATION_PERIOD_SECONDS' })
}

import { isDeepStrictEqual } from 'node:util'
import { type Hash, keccak256 } from 'viem'
import { formatRow } from '../../../../services/runtime/database/rowText.ts'
import type { SequencerStore } from '../../../../services/sequencer/store.ts'
import type { Tally } from '../../../../services/sequencer/tally.ts'
import { dueDeposits, type PlannedDeposit } from './deposits.ts'
import { BrokenPromiseError } from './errors.ts'
import { headOf } from './l1Chain.ts'
import { hashOfDue, rootOf } from './l2Chain.ts'
import { confirmations, l1, l2Messenger, same } from './places.ts'
import { type MadeWithdrawal, staysIn } from './withdrawals.ts'
import type { World } from './world.ts'

// What has to hold when no fault strikes any more and time has gone on.

export type Expected = { id: Hash; states: readonly string[] }

/** Every message, and the states in which it may have ended. From the chains of the model alone. */
export function expectedMessages({ l1: chain, l2 }: World): Expected[] {
  const { origin, withdrawals, relayed } = headOf(l2).state
  const l1State = headOf(chain).state
  const deposits = chain.blocks
    .filter(({ number }) => number > 1n && number <= origin.number)
    .flatMap((block) => dueDeposits(block, l2.plans))
    .map((due) => ({ id: hashOfDue(due), states: [endOf(due.plan, relayed)] }))
  const out = withdrawals.map((made) => {
    const { hash, transaction, plan } = made
    const success = l1State.finalised.get(hash)
    if (success === undefined) return { id: hash, states: [staysIn(plan) ?? 'finalised'] }
    if (!success) return { id: hash, states: ['failed'] }
    const wasTriedAgain = isRelay(made) && l1State.failed.has(keccak256(transaction.data))
    return { id: hash, states: [wasTriedAgain ? 'replayed' : 'finalised'] }
  })
  return [...deposits, ...out]
}

function endOf(plan: PlannedDeposit, relayed: ReadonlySet<Hash>): string {
  if (plan.outcome === 'delivered') return 'final'
  return isReplayed(plan, relayed) ? 'replayed' : 'failed'
}

/** Whether L2's messenger delivered at another try what it could not at first. */
const isReplayed = ({ outcome, data }: PlannedDeposit, relayed: ReadonlySet<Hash>): boolean =>
  outcome === 'relay-fails' && relayed.has(keccak256(data))

const isRelay = ({ transaction: { target, sender } }: MadeWithdrawal): boolean =>
  same(target, l1.L1CrossDomainMessenger) && same(sender, l2Messenger)

/** What is still to come, in words, or undefined when all is done. */
export async function unfinished(world: World): Promise<string | undefined> {
  const { l1: chain, l2, run, engine } = world
  const { core, store } = run
  if (core === undefined || store === undefined || !run.owner.alive) return 'the service does not run'
  const head = headOf(chain)
  const { origin, withdrawals, failed, relayed } = headOf(l2).state
  for (const name of failed.keys()) if (!relayed.has(name)) return `message ${name} is not delivered on L2`
  const level = head.number - (engine === 'anvil' ? confirmations : 2n)
  if (origin.number < level - 1n) return `L2 knows L1 block ${origin.number}, not ${level}`
  const told = new Map(core.network.alerts)
  for (const made of withdrawals) {
    const { hash, transaction, plan } = made
    if (!head.state.finalised.has(hash)) {
      if (staysIn(plan) === undefined) return `withdrawal ${hash} is not finalised on L1`
      // Where nothing can be done, somebody has to know.
      if (!told.delete(`withdrawal.${hash}`)) return `nobody is told of the withdrawal ${hash}`
    } else if (isRelay(made) && !head.state.relayed.has(keccak256(transaction.data)))
      return `message of ${hash} is not delivered`
  }
  const read = (await store.l2Head())?.number ?? 0n
  if (read + 4n < headOf(l2).number) return `the store has L2 block ${read}, not ${headOf(l2).number}`
  const states = new Map<Hash, string>()
  for await (const { id, state } of store.messages()) states.set(id, state)
  for (const { id, states: wanted } of expectedMessages(world)) {
    const state = states.get(id)
    if (state === undefined || !wanted.includes(state))
      return `message ${id} is ${state} in the store, not ${wanted}`
  }
  for (const [role, outbox] of Object.entries(core.shared.outboxes)) {
    if (outbox.pending() > 0) return `the outbox of ${role} has ${outbox.pending()} on their way`
  }
  const counted = await count(store)
  if (!isDeepStrictEqual(store.tally(), counted))
    return `the tally is ${formatRow(store.tally())}, the messages are ${formatRow(counted)}`
  const [alert] = told
  if (alert !== undefined) return `there is an alert ${alert.join(': ')}`
  return undefined
}

/** What the tally has to be, message by message. */
async function count(store: SequencerStore): Promise<Tally> {
  const tally: Tally = { counts: { deposit: {}, withdrawal: {} }, withdrawnWei: 0n }
  for await (const message of store.messages()) {
    const { [message.state]: before = 0 } = tally.counts[message.kind]
    tally.counts[message.kind][message.state] = before + 1
    if (message.kind === 'withdrawal') tally.withdrawnWei += message.withdrawal.value
  }
  return tally
}

/** Throws where a promise of the end state does not hold. */
export async function checkEndState(world: World): Promise<void> {
  const { l1: chain, l2, run } = world
  const { state } = headOf(chain)
  const head = headOf(l2).state
  // (a) in one sum each: nothing is in flight any more but what L2 could not deliver.
  const plans = chain.blocks
    .slice(2, Number(head.origin.number) + 1)
    .flatMap((block) => dueDeposits(block, l2.plans))
  const later = chain.blocks
    .slice(Number(head.origin.number) + 1)
    .flatMap((block) => dueDeposits(block, l2.plans))
  const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
  const undelivered = sum(
    [
      ...plans.filter(({ plan }) => plan.outcome !== 'delivered' && !isReplayed(plan, head.relayed)),
      ...later,
    ].map(({ plan }) => plan.amount),
  )
  demand(
    head.supply === state.locked - undelivered,
    'minted = locked - in flight',
    `${head.supply} of ${state.locked} - ${undelivered}`,
  )
  const wei = sum(later.map(({ plan }) => plan.mint))
  // What L1 refuses to carry out, or carried out in vain, has left L2 and stays in the portal.
  const left = sum(
    head.withdrawals.map(({ hash, value }) => (state.finalised.get(hash) === true ? 0n : value)),
  )
  demand(
    head.wei === state.portalWei - wei - left,
    'ether of L2 = ether of the portal - in flight',
    `${head.wei} of ${state.portalWei} - ${wei} - ${left}`,
  )
  // (b), (c) what was sent is what was delivered; that nothing is twice there the chains see themselves.
  const due = new Set(plans.map(({ sourceHash }) => sourceHash))
  demand(
    due.size === head.executed.size && [...due].every((one) => head.executed.has(one)),
    'executed = sent',
    `${head.executed.size} of ${due.size}`,
  )
  const out = new Set(head.withdrawals.map(({ hash }) => hash))
  demand(
    [...state.finalised.keys()].every((one) => out.has(one)),
    'finalised = begun',
    `${state.finalised.size} of ${out.size}`,
  )
  for (const { root, l2Block } of state.outputs) {
    const block = l2.blocks[Number(l2Block)]
    demand(
      block !== undefined && rootOf(block) === root,
      "every root is of L2's chain",
      `root of block ${l2Block}`,
    )
  }
  let stored = 0
  for await (const _ of run.store?.messages() ?? []) stored += 1
  demand(stored === expectedMessages(world).length, 'the store holds what was sent', `${stored} messages`)
}

function demand(condition: boolean, promise: string, facts: string): void {
  if (!condition) throw new BrokenPromiseError(promise, facts)
}

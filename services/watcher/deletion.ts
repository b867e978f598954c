import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Address, type Hash, type LocalAccount, BaseError as ViemError } from 'viem'
import { receiptOf } from '../../bridge/observe.ts'
import { BaseError } from '../../chain/errors.ts'
import type { Log } from '../runtime/log.ts'
import { type Outbox, openOutbox } from '../runtime/outbox.ts'
import { IntentRevertsError, OutboxStoppedError } from '../runtime/outboxErrors.ts'
import { type OutboxEntry, openOutboxStore } from '../runtime/store.ts'
import type { Notice } from './alerts.ts'
import { type Confirmation, confirmWrong, deletionData } from './confirm.ts'
import { type Judged, nameOf } from './judge.ts'
import type { Network } from './network.ts'

/*
 * The oracle deletes by index alone: whatever stands there when the transaction is mined goes. So a deletion must not outlive what it
 * is for. Each wrong output, named by index, root and time, has an outbox of its own, which is open only while L1 holds that output:
 *
 *   still there        the outbox sends the same bytes again, after a kill and after a reorganisation that took the deletion away
 *   there again        its outbox is opened again; if its nonce was used by something else meanwhile, another attempt is made
 *   gone               its outbox is closed. If its transaction could still be mined, its nonce is used up by one that does nothing
 *
 * Two deletions never wait side by side: they have the same nonce, and L1 takes one of them.
 */

export type Deleter = {
  readonly address: Address
  /** Says what should go now. Sending goes on beside the rounds. */
  want(output: Judged | undefined): Promise<void>
  /** What keeps it from deleting, if anything. */
  obstacle(): Notice | undefined
  close(): Promise<void>
}

export type DeleterParameters = {
  network: Network
  account: LocalAccount
  folder: string
  log: Log
  signal: AbortSignal
  onDeleted: (name: string, deletion: { hash: Hash; l1Block: bigint }) => void
}

/** An effect under way. `busy` while a task of its is running; `stopped` once it is not wanted any more. */
type Current = { effect: string; outbox?: Outbox; busy?: Promise<void> | undefined; stopped: boolean }

type Hand = DeleterParameters & {
  current: Current | undefined
  obstacle: Notice | undefined
  /** What a task threw and nobody expected: the next round throws it. */
  bug: unknown
  /** Effects that may have left a transaction behind. Nothing of them is sent. */
  left: Set<string>
}

const STUCK_BLOCKS = 2n
const VOID = 'void-'

export async function openDeleter(parameters: DeleterParameters): Promise<Deleter> {
  const left = await unsettledEffects(parameters.folder)
  const hand: Hand = {
    ...parameters,
    current: undefined,
    obstacle: undefined,
    bug: undefined,
    left,
  }
  return {
    address: parameters.account.address,
    want: (output) => want(hand, output),
    obstacle: () => hand.obstacle,
    close: async () => {
      if (hand.current !== undefined) await stop(hand.current)
    },
  }
}

async function want(hand: Hand, output: Judged | undefined): Promise<void> {
  if (hand.bug !== undefined) throw hand.bug
  const effect = output && nameOf(output)
  const before = hand.current
  const isVoiding = before?.effect.startsWith(VOID) === true && before.busy !== undefined
  if (before !== undefined && before.effect !== effect) {
    if (effect === undefined && (isVoiding || (await isMined(hand, before)))) return
    hand.current = undefined
    await stop(before)
    if (!before.effect.startsWith(VOID)) hand.left.add(before.effect)
  }
  if (output === undefined || effect === undefined) {
    hand.obstacle = undefined
    if (hand.current === undefined) await voidLeft(hand)
    return
  }
  hand.left.delete(effect)
  const current = hand.current ?? { effect, stopped: false }
  hand.current = current
  if (current.busy === undefined) run(hand, current, () => remove(hand, current, output))
}

/** Whether its transaction is on L1 and about to be noticed. */
async function isMined(hand: Hand, current: Current): Promise<boolean> {
  if (current.busy === undefined) return false
  for (const { hash } of (await attemptOf(hand, current))?.entry?.forms ?? []) {
    if ((await receiptOf(hand.network.l1, hash)) !== undefined) return true
  }
  return false
}

async function stop(current: Current): Promise<void> {
  current.stopped = true
  await current.outbox?.close()
  await current.busy
}

function run(hand: Hand, current: Current, task: () => Promise<void>): void {
  current.busy = task()
    .catch((error: unknown) => {
      if (error instanceof OutboxStoppedError) return
      if (!(error instanceof BaseError) && !(error instanceof ViemError)) hand.bug = error
      const reason = error instanceof ViemError ? error.shortMessage : String(error)
      hand.log.warn({ effect: current.effect, reason }, 'watcher.deletion.retry')
      // What reverts now is looked at again; anything else may need a person.
      const severity = error instanceof IntentRevertsError ? 'alert' : 'page'
      hand.obstacle = { severity, text: `The deletion ${current.effect} is not sent yet: ${reason}` }
    })
    .finally(() => {
      current.busy = undefined
    })
}

/** Deletes, or joins the deletion that is on its way. */
async function remove(hand: Hand, current: Current, output: Judged): Promise<void> {
  const { network, log } = hand
  const { index, root } = output
  const entry = (await attemptOf(hand, current))?.entry
  if (entry === undefined || entry.settled !== undefined) {
    const confirmation = await confirmWrong(network, output)
    hand.obstacle = obstacleOf(output, confirmation)
    if (confirmation.kind !== 'wrong' || current.stopped) return
  }
  const outbox = current.outbox ?? (await openEffect(hand, current.effect))
  current.outbox = outbox
  if (current.stopped) return outbox.close()
  const attempt = await attemptOf(hand, current)
  if (attempt === undefined) return
  log.warn({ index, root, key: attempt.key }, 'watcher.deleting')
  const receipt = await outbox.send({
    key: attempt.key,
    to: network.manifest.l1.contracts.L2OutputOracle,
    data: deletionData(index),
  })
  const { transactionHash: hash, blockNumber: l1Block, status } = receipt
  if (status === 'success') hand.onDeleted(current.effect, { hash, l1Block })
  log.warn({ index, root, hash, l1Block, status }, 'watcher.deletion.mined')
}

async function openEffect({ network, account, folder, log, signal }: Hand, effect: string): Promise<Outbox> {
  const store = await openOutboxStore(join(folder, effect))
  try {
    return await openOutbox({ client: network.l1, account, store, log, signal, stuckBlocks: STUCK_BLOCKS })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Makes sure that no transaction of an effect that is not wanted any more can be mined. */
async function voidLeft(hand: Hand): Promise<void> {
  const { network, account, folder, left, log } = hand
  if (left.size === 0) return
  const nonce = await network.l1.getTransactionCount({ address: account.address })
  for (const effect of left) {
    const entries = await entriesOf(join(folder, effect))
    left.delete(effect)
    if (!entries.some((entry) => entry.settled === undefined && entry.nonce >= nonce)) continue
    log.warn({ effect }, 'watcher.deletion.voided')
    const key = `${VOID}${nonce}-${effect}`
    const outbox = await openEffect(hand, key)
    const current: Current = { effect: key, outbox, stopped: false }
    hand.current = current
    const nothing = { key, to: account.address, data: '0x', gas: 21_000n } as const
    return run(hand, current, () => outbox.send(nothing).then(() => {}))
  }
}

type Attempt = { key: string; entry: OutboxEntry | undefined }

/** The attempt that counts now: one under way, or the key of the next. Undefined while the outbox is closed. */
async function attemptOf({ network, account }: Hand, current: Current): Promise<Attempt | undefined> {
  const { effect, outbox } = current
  if (outbox === undefined) return undefined
  const nonce = await network.l1.getTransactionCount({ address: account.address })
  for (let number = 0; ; number++) {
    const key = `${effect}#${number}`
    const entry = outbox.lookup(key)
    // Settled, its nonce used, and L1 holds the output all the same: it reverted, or L1 went back and used the nonce for another thing.
    if (entry?.settled === undefined || entry.nonce >= nonce) return { key, entry }
  }
}

function obstacleOf({ index }: Judged, confirmation: Confirmation): Notice | undefined {
  switch (confirmation.kind) {
    case 'wrong':
    case 'gone':
      return undefined
    case 'unclear': {
      const text = `Output ${index} is not deleted yet: ${confirmation.reason}. It is looked at again.`
      return { severity: 'alert', text }
    }
    case 'disagrees': {
      const remedy = 'Nothing is deleted on its word: find out which of the two is right.'
      return { severity: 'page', text: `The replica contradicts itself. ${confirmation.reason} ${remedy}` }
    }
  }
}

async function unsettledEffects(folder: string): Promise<Set<string>> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found = new Set<string>()
  for (const name of names.filter((effect) => !effect.startsWith(VOID))) {
    const entries = await entriesOf(join(folder, name))
    if (entries.some(({ settled }) => settled === undefined)) found.add(name)
  }
  return found
}

async function entriesOf(folder: string): Promise<OutboxEntry[]> {
  const store = await openOutboxStore(folder)
  try {
    return await store.entries()
  } finally {
    await store.close()
  }
}

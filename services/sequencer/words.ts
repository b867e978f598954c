import type { Hash } from 'viem'
import { MessageEndedError, MessageUnknownError } from './errors.ts'
import { alert, alertOf, isDone, type Network } from './network.ts'
import type { MessageRecord } from './records.ts'

// What the operator has said. It is on disk before it counts, and holds until he takes it back.

export type Word = {
  reason: string
  /** When it was said, by the machine's clock. */
  at: string
}

export type Words = {
  /** While it is set nothing new is sent; what is on its way is still followed. */
  paused: Word | undefined
  /** Messages for which nothing is sent. */
  skipped: Map<Hash, Word>
}

const pauseKey = 'pause'

export async function readWords({ store }: Pick<Network, 'store'>): Promise<Words> {
  const words = await store.words()
  const paused = words.get(pauseKey)
  words.delete(pauseKey)
  // Safe: every other key is the id of a message, written by `skip`.
  return { paused, skipped: words as Map<Hash, Word> }
}

/** Nothing new is sent from the next round on. L2's blocks go on. */
export async function pause(network: Network, reason: string): Promise<Word> {
  const word = { reason, at: new Date().toISOString() }
  await network.store.putWord(pauseKey, word)
  network.words.paused = word
  alert(network, pauseKey, `paused by the operator: ${reason}`)
  return word
}

export async function resumeSending(network: Network): Promise<void> {
  await network.store.putWord(pauseKey, undefined)
  network.words.paused = undefined
  alert(network, pauseKey, undefined)
}

/** Makes no more steps for a message, until it is retried. Throws MessageUnknownError, MessageEndedError. */
export async function skip(network: Network, id: string, reason: string): Promise<Word> {
  const message = await openMessage(network, id)
  const word = { reason, at: new Date().toISOString() }
  await network.store.putWord(message.id, word)
  network.words.skipped.set(message.id, word)
  alertOf(network, message, undefined)
  network.log.warn({ id: message.id, reason }, 'sequencer.skipped')
  return word
}

/** Tries a message in the next round, as if it never had been. Throws MessageUnknownError, MessageEndedError. */
export async function retry(network: Network, id: string): Promise<void> {
  const message = await openMessage(network, id)
  await network.store.putWord(message.id, undefined)
  network.words.skipped.delete(message.id)
  network.holds.set(message.id, { tries: 0, until: 0n, reason: undefined, quarantined: false })
  network.log.info({ id: message.id }, 'sequencer.retried')
}

async function openMessage(network: Network, id: string): Promise<MessageRecord> {
  const message = await network.store.message(id.toLowerCase())
  if (message === undefined) throw new MessageUnknownError(id)
  if (isDone(network.manifest, message)) throw new MessageEndedError(message.id, message.state)
  return message
}

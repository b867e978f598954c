import { UnknownFailpointError } from './errors.ts'

/*
 * Moments at which a service may be killed to see what becomes of its work. Nothing happens at any of them unless `armFailpoint` was told to,
 * which only a test does: then the process kills itself there, as `kill -9` would.
 */

/** In the order in which they are met on the way of a message. */
export const failpoints = [
  /* L1's deposits are noted */
  'origin.store.before',
  'origin.store.after',
  /* a deposit becomes an L2 block */
  'deposit.send.before',
  'deposit.send.after',
  'block.mine.before',
  'block.mine.after',
  'output.store.before',
  'output.store.after',
  'block.dump.before',
  'block.dump.after',
  'block.store.before',
  'block.store.after',
  /* a transaction for L1 */
  'intent.sign.before',
  'intent.sign.after',
  'intent.store.before',
  'intent.store.after',
  'intent.send.before',
  'intent.send.after',
  'intent.receipt.before',
  'intent.receipt.after',
  'intent.settle.before',
  'intent.settle.after',
  /* what L1 says of a withdrawal */
  'withdrawal.store.before',
  'withdrawal.store.after',
] as const

export type Failpoint = (typeof failpoints)[number]

let armed: { name: string; left: number } | undefined

/** Takes `name:nth`, the nth time being that of the kill, or undefined for none. Throws UnknownFailpointError. */
export function armFailpoint(setting: string | undefined): void {
  if (setting === undefined) return
  const [name = '', nth = '1', ...rest] = setting.split(':')
  const left = Number(nth)
  const isKnown = failpoints.some((known) => known === name)
  if (!isKnown || rest.length > 0 || !Number.isSafeInteger(left) || left < 1) {
    throw new UnknownFailpointError(setting, failpoints)
  }
  armed = { name, left }
}

export function failpoint(name: Failpoint): void {
  if (armed === undefined || armed.name !== name) return
  armed.left -= 1
  if (armed.left === 0) process.kill(process.pid, 'SIGKILL')
}

import {
  type Abi,
  type Address,
  decodeFunctionData,
  encodeEventTopics,
  encodeFunctionResult,
  type Hash,
  type Hex,
  keccak256,
} from 'viem'
import { opConstants } from '../../../../chain/generated/addresses.ts'
import { l2CrossDomainMessengerAbi } from '../../../../chain/generated/opAbi.ts'
import { BrokenPromiseError, NodeRefusalError, RevertError, UnknownToModelError } from './errors.ts'
import { headOf } from './l1Chain.ts'
import type { RawLog } from './l1Contracts.ts'
import type { L2Block, L2Chain, L2State, L2Tx } from './l2Chain.ts'
import { l2Messenger, same } from './places.ts'
import { isUnderpriced, type KeyTransaction, readSigned } from './signed.ts'

// What the service's key sends on L2: another try of messages that the messenger could not deliver.

export type KeyTx = KeyTransaction & { kind: 'key'; raw: Hex }

const abi = l2CrossDomainMessengerAbi
export const replayGas = 300_000n

/** Takes a signed transaction as a node does. */
export function acceptKey(chain: L2Chain, raw: Hex): Hash {
  const tx: KeyTx = { kind: 'key', raw, ...readSigned(raw, 901, chain.effects) }
  if (tx.nonce < (headOf(chain).state.nonces.get(tx.from) ?? 0))
    throw new NodeRefusalError(-32_003, 'nonce too low')
  const other = chain.pool.find(
    (one): one is KeyTx => one.kind === 'key' && one.from === tx.from && one.nonce === tx.nonce,
  )
  if (other?.hash === tx.hash) throw new NodeRefusalError(-32_000, 'already known')
  if (other !== undefined && isUnderpriced(tx, other))
    throw new NodeRefusalError(-32_000, 'replacement transaction underpriced')
  chain.pool = chain.pool.filter((one) => one !== other)
  chain.pool.push(tx)
  return tx.hash
}

const perBlock = 3

/** Takes out of the pool what a block has room for and would take: of a key in the order of its nonces. */
export function takeFromPool(chain: L2Chain): L2Tx[] {
  const nonces = new Map(headOf(chain).state.nonces)
  const taken: L2Tx[] = []
  const rest: L2Tx[] = []
  const order = chain.pool.toSorted((one, other) => nonceOf(one) - nonceOf(other))
  for (const tx of order) {
    const next = tx.kind === 'key' ? (nonces.get(tx.from) ?? 0) : 0
    if (tx.kind === 'key' && tx.nonce < next) continue
    if (taken.length === perBlock || (tx.kind === 'key' && tx.nonce > next)) {
      rest.push(tx)
      continue
    }
    taken.push(tx)
    if (tx.kind === 'key') nonces.set(tx.from, next + 1)
  }
  chain.pool = rest
  return taken
}

const nonceOf = (tx: L2Tx): number => (tx.kind === 'key' ? tx.nonce : -1)

/** Runs it in a block. The nonce is used up whatever becomes of it. */
export function runKey(chain: L2Chain, state: L2State, tx: KeyTx) {
  const next = state.nonces.get(tx.from) ?? 0
  if (tx.nonce !== next) throw new UnknownToModelError(`nonce ${tx.nonce} on L2, not ${next}`)
  state.nonces = new Map(state.nonces).set(tx.from, next + 1)
  if (!same(tx.to, l2Messenger)) throw new UnknownToModelError(`the service's call of ${tx.to} on L2`)
  if (tx.gas < replayGas) return { status: 'reverted' as const, raws: [] }
  try {
    return { status: 'success' as const, raws: [relay(chain, state, tx)] }
  } catch (error) {
    if (!(error instanceof RevertError)) throw error
    return { status: 'reverted' as const, raws: [] }
  }
}

/** `data` is a call of relayMessage, and its hash the name of the message. */
function relay(chain: L2Chain, state: L2State, { from, data }: Pick<KeyTx, 'from' | 'data'>): RawLog {
  const name = keccak256(data)
  const amount = state.failed.get(name)
  if (state.relayed.has(name)) throw new RevertError('CrossDomainMessenger: message has already been relayed')
  if (amount === undefined) throw new RevertError('CrossDomainMessenger: message cannot be replayed')
  if (!isDeliverable(chain, name)) {
    if (same(from, opConstants.EstimationAddress))
      throw new RevertError('CrossDomainMessenger: failed to relay message')
    throw new BrokenPromiseError('no try is paid for that would fail', `${name} on L2`)
  }
  state.relayed = new Set(state.relayed).add(name)
  state.supply += amount
  return eventOf('RelayedMessage', name)
}

/** Most get through with more gas. The receiver of the others reverts until somebody repairs it. */
function isDeliverable({ isRepaired }: L2Chain, name: Hash): boolean {
  return isRepaired || Number.parseInt(name.slice(-1), 16) % 4 !== 3
}

export function eventOf(eventName: 'RelayedMessage' | 'FailedRelayedMessage', msgHash: Hash): RawLog {
  const topics = encodeEventTopics({ abi, eventName, args: { msgHash } })
  return { address: l2Messenger, topics: topics as Hex[], data: '0x' }
}

/** What the messenger answers. */
export function callMessenger({ state }: L2Block, data: Hex): Hex {
  const { functionName, args } = decodeFunctionData({ abi, data })
  const give = (result: unknown) => encodeFunctionResult({ abi: abi as Abi, functionName, result })
  if (functionName === 'successfulMessages') return give(state.relayed.has(args[0]))
  if (functionName === 'failedMessages') return give(state.failed.has(args[0]))
  throw new UnknownToModelError(`the L2 messenger's ${functionName}`)
}

/** Gas of a relay that would have its effect. */
export function estimateRelay(
  chain: L2Chain,
  { from = l2Messenger, to, data }: { from?: Address; to: Address; data: Hex },
): bigint {
  if (!same(to, l2Messenger)) throw new UnknownToModelError(`an estimate of a call of ${to} on L2`)
  relay(chain, { ...headOf(chain).state }, { from, data })
  return replayGas
}

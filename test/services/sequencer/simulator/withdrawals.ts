import {
  type Address,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  type Hash,
  type Hex,
  toHex,
} from 'viem'
import { predeploys } from '../../../../chain/generated/addresses.ts'
import {
  l1StandardBridgeAbi,
  l2CrossDomainMessengerAbi,
  l2ToL1MessagePasserAbi,
} from '../../../../chain/generated/opAbi.ts'
import { batchLimits } from '../../../../services/sequencer/batch.ts'
import { defaultMaxGas } from '../../../../services/sequencer/withdraw.ts'
import { hashOfWithdrawal, type RawLog } from './l1Contracts.ts'
import { hashOf, l1, l2Messenger, passer, targets, token, users } from './places.ts'
import type { Random } from './random.ts'

/** Plain ether, a plain call with bytes, ether through the bridge, or the token through it. */
const honestKinds = ['plain', 'call', 'ether', 'token'] as const
/**
 * What L1 never carries out, as strangers try it: a message to the portal, one to the messenger that is none of L2's messenger, one
 * that asks for more gas than a block has or than the service pays for, one that is too large for a transaction.
 */
const hostileKinds = ['to-portal', 'forged', 'gas', 'dear', 'bytes'] as const

/** What a user of L2 wants. */
export type PlannedWithdrawal = {
  kind: (typeof honestKinds)[number] | (typeof hostileKinds)[number]
  from: Address
  to: Address
  amount: bigint
}

export function planWithdrawal(random: Random, isHostile: boolean): PlannedWithdrawal {
  const kind = isHostile ? random.pick(hostileKinds) : random.pick(honestKinds)
  const to = random.pick([...targets, ...users] as const)
  return { kind, from: random.pick(users), to, amount: BigInt(1 + random.below(100)) }
}

/** The state in which a hostile withdrawal stays; undefined for an honest one. */
export function staysIn({ kind }: PlannedWithdrawal): 'covered' | 'mature' | undefined {
  if (kind === 'to-portal' || kind === 'bytes') return 'covered'
  return kind === 'forged' || kind === 'gas' || kind === 'dear' ? 'mature' : undefined
}

export type MadeWithdrawal = {
  hash: Hash
  log: RawLog
  value: bigint
  plan: PlannedWithdrawal
  transaction: Transaction
}
type Transaction = {
  nonce: bigint
  sender: Address
  target: Address
  value: bigint
  gasLimit: bigint
  data: Hex
}

const version = 1n << 240n

/** The message that L2's passer emits for the `count`th withdrawal. */
export function makeWithdrawal(plan: PlannedWithdrawal, count: number): MadeWithdrawal {
  const transaction = transactionOf(plan, version + BigInt(count))
  const hash = hashOfWithdrawal(transaction)
  const { nonce, sender, target, value, gasLimit, data } = transaction
  const topics = encodeEventTopics({
    abi: l2ToL1MessagePasserAbi,
    eventName: 'MessagePassed',
    args: { nonce, sender, target },
  })
  const words = [{ type: 'uint256' }, { type: 'uint256' }, { type: 'bytes' }, { type: 'bytes32' }] as const
  const log = {
    address: passer,
    topics: topics as Hex[],
    data: encodeAbiParameters(words, [value, gasLimit, data, hash]),
  }
  return { hash, log, value, plan, transaction }
}

function transactionOf({ kind, from, to, amount }: PlannedWithdrawal, nonce: bigint): Transaction {
  const plain = { nonce, sender: from, target: to, value: amount, gasLimit: 100_000n, data: '0x' as Hex }
  if (kind === 'plain') return plain
  if (kind === 'call') return { ...plain, data: hashOf('call', nonce) }
  if (kind === 'to-portal') return { ...plain, target: l1.OptimismPortal }
  if (kind === 'gas') return { ...plain, gasLimit: 1n << 40n }
  if (kind === 'dear') return { ...plain, gasLimit: defaultMaxGas + 1n }
  if (kind === 'bytes') return { ...plain, data: toHex(0n, { size: batchLimits.bytes }) }
  const isEther = kind === 'ether'
  const value = isEther ? amount : 0n
  const message = isEther
    ? encodeFunctionData({
        abi: l1StandardBridgeAbi,
        functionName: 'finalizeBridgeETH',
        args: [from, to, amount, '0x'],
      })
    : encodeFunctionData({
        abi: l1StandardBridgeAbi,
        functionName: 'finalizeBridgeERC20',
        args: [token.l1, token.l2, from, to, amount, '0x'],
      })
  const data = encodeFunctionData({
    abi: l2CrossDomainMessengerAbi,
    functionName: 'relayMessage',
    args: [nonce, predeploys.L2StandardBridge, l1.L1StandardBridge, value, 200_000n, message],
  })
  if (kind === 'forged') return { ...plain, target: l1.L1CrossDomainMessenger, gasLimit: 400_000n, data }
  return { nonce, sender: l2Messenger, target: l1.L1CrossDomainMessenger, value, gasLimit: 400_000n, data }
}

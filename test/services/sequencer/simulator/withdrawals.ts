import {
  type Address,
  concatHex,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  type Hash,
  type Hex,
} from 'viem'
import { predeploys } from '../../../../chain/generated/addresses.ts'
import {
  l1StandardBridgeAbi,
  l2CrossDomainMessengerAbi,
  l2ToL1MessagePasserAbi,
} from '../../../../chain/generated/opAbi.ts'
import { hashOfWithdrawal, type RawLog } from './l1Contracts.ts'
import { l1, l2Messenger, passer, targets, token, users } from './places.ts'
import type { Random } from './random.ts'

/** What a user of L2 wants: plain ether, ether through the bridge, or the token through it. */
export type PlannedWithdrawal = {
  kind: 'plain' | 'ether' | 'token'
  from: Address
  to: Address
  amount: bigint
}

export function planWithdrawal(random: Random): PlannedWithdrawal {
  const kind = random.pick(['plain', 'ether', 'token'] as const)
  const to = random.pick([...targets, ...users] as const)
  return { kind, from: random.pick(users), to, amount: BigInt(1 + random.below(100)) }
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
  if (kind === 'plain')
    return { nonce, sender: from, target: to, value: amount, gasLimit: 100_000n, data: concatHex(['0x']) }
  const value = kind === 'ether' ? amount : 0n
  const message =
    kind === 'ether'
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
  return { nonce, sender: l2Messenger, target: l1.L1CrossDomainMessenger, value, gasLimit: 400_000n, data }
}

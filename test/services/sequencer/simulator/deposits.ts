import {
  type Address,
  concatHex,
  encodeEventTopics,
  encodeFunctionData,
  type Hash,
  type Hex,
  toHex,
} from 'viem'
import { getSourceHash } from 'viem/op-stack'
import { predeploys } from '../../../../chain/generated/addresses.ts'
import {
  l1StandardBridgeAbi,
  l2CrossDomainMessengerAbi,
  optimismPortalAbi,
} from '../../../../chain/generated/opAbi.ts'
import type { L1Block, WorldTransaction } from './l1Chain.ts'
import type { RawLog } from './l1Contracts.ts'
import { aliasedMessenger, bystander, hashOf, l1, l2Messenger, token, users } from './places.ts'
import type { Random } from './random.ts'

/** What becomes of a deposit on L2. */
export type Outcome = 'delivered' | 'refused' | 'reverts' | 'relay-fails'

/** A deposit as the simulation means it. */
export type PlannedDeposit = {
  outcome: Outcome
  from: Address
  to: Address
  mint: bigint
  value: bigint
  /** Of the token. */
  amount: bigint
  data: Hex
}
/** A deposit in an L1 block: what L2 has to execute, and when. */
export type DueDeposit = { plan: PlannedDeposit; sourceHash: Hash; l1Block: Hash; position: number }

const relayAbi = l2CrossDomainMessengerAbi

/** An ether deposit or, where the messenger carries it, one of the token. */
export function planDeposit(random: Random, number: number, outcome: Outcome): PlannedDeposit {
  const amount = BigInt(1 + random.below(1_000))
  const user = random.pick(users)
  const isToken = outcome === 'relay-fails' || (outcome === 'delivered' && random.chance(0.5))
  if (!isToken) {
    // L2 refuses what moves more than its sender has.
    const value = outcome === 'refused' ? amount + 10n ** 30n : amount
    return {
      outcome,
      from: user,
      to: user,
      mint: amount,
      value,
      amount: 0n,
      data: toHex(number, { size: 4 }),
    }
  }
  const message = encodeFunctionData({
    abi: l1StandardBridgeAbi,
    functionName: 'finalizeBridgeERC20',
    args: [token.l2, token.l1, user, user, amount, '0x'],
  })
  const data = encodeFunctionData({
    abi: relayAbi,
    functionName: 'relayMessage',
    args: [BigInt(number), l1.L1StandardBridge, predeploys.L2StandardBridge, 0n, 200_000n, message],
  })
  return { outcome, from: aliasedMessenger, to: l2Messenger, mint: 0n, value: 0n, amount, data }
}

export function depositTransaction(plan: PlannedDeposit, number: number): WorldTransaction {
  const log = eventOf(plan)
  return {
    hash: hashOf('deposit', number),
    from: plan.from,
    run: (state, { emit }) => {
      state.portalWei += plan.mint
      state.locked += plan.amount
      emit({ ...log, address: l1.OptimismPortal })
    },
  }
}

/** The portal's event to the last byte, from a contract that holds nothing. */
export function mimickedDeposit(plan: PlannedDeposit, number: number): WorldTransaction {
  const log = eventOf(plan)
  return {
    hash: hashOf('mimicked', number),
    from: bystander,
    run: (_, { emit }) => emit({ ...log, address: bystander }),
  }
}

function eventOf(plan: PlannedDeposit): Omit<RawLog, 'address'> {
  const { from, to, mint, value, data } = plan
  const opaque = concatHex([
    toHex(mint, { size: 32 }),
    toHex(value, { size: 32 }),
    toHex(300_000n, { size: 8 }),
    '0x00',
    data,
  ])
  // The ABI of a dynamic value: where it begins, its length, its bytes, filled up to words.
  const length = (opaque.length - 2) / 2
  const filled = opaque.padEnd(2 + Math.ceil(length / 32) * 64, '0') as Hex
  const topics = encodeEventTopics({
    abi: optimismPortalAbi,
    eventName: 'TransactionDeposited',
    args: { from, to, version: 0n },
  })
  const words = [toHex(32n, { size: 32 }), toHex(length, { size: 32 }), filled]
  return { topics: topics as Hex[], data: concatHex(words) }
}

/** The deposits of an L1 block in the order in which L2 has to execute them. */
export function dueDeposits(block: L1Block, plans: Map<Hash, PlannedDeposit>): readonly DueDeposit[] {
  const found = known.get(block) ?? findDeposits(block, plans)
  known.set(block, found)
  return found
}

/** A block never changes. */
const known = new WeakMap<L1Block, readonly DueDeposit[]>()

function findDeposits(block: L1Block, plans: Map<Hash, PlannedDeposit>): DueDeposit[] {
  const own = block.logs.filter(({ transactionHash }) => plans.has(transactionHash))
  return own.flatMap((log, position) => {
    const plan = plans.get(log.transactionHash)
    if (plan === undefined) return []
    const sourceHash = getSourceHash({
      domain: 'userDeposit',
      l1BlockHash: block.hash,
      l1LogIndex: log.logIndex,
    })
    return [{ plan, sourceHash, l1Block: block.hash, position }]
  })
}

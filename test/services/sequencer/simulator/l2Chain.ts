import { type Address, concatHex, type Hash, type Hex, keccak256, slice, zeroHash } from 'viem'
import { getSourceHash, parseTransaction, serializeTransaction } from 'viem/op-stack'
import { type DueDeposit, dueDeposits, type PlannedDeposit } from './deposits.ts'
import { BrokenPromiseError } from './errors.ts'
import type { L1Block, L1Chain, MinedLog } from './l1Chain.ts'
import type { RawLog } from './l1Contracts.ts'
import { eventOf, type KeyTx, runKey } from './l2Keys.ts'
import { hashOf, l1BlockPredeploy, same } from './places.ts'
import { type MadeWithdrawal, makeWithdrawal, type PlannedWithdrawal } from './withdrawals.ts'

export type DepositTx = {
  kind: 'deposit'
  hash: Hash
  raw: Hex
  sourceHash: Hash
  from: Address
  to: Address | null
  mint: bigint
  value: bigint
  data: Hex
}
export type UserTx = { kind: 'user'; hash: Hash; raw: Hex; plan: PlannedWithdrawal }
export type L2Tx = DepositTx | UserTx | KeyTx

export type L2State = {
  origin: { number: bigint; hash: Hash }
  /** Of deposits and of attributes: source hashes. */
  executed: Set<Hash>
  /** Deposits of the newest origin that were executed. */
  ofOrigin: number
  wei: bigint
  supply: bigint
  withdrawals: MadeWithdrawal[]
  nonces: ReadonlyMap<Address, number>
  /** Messages that the messenger could not deliver, with what they mint; and those that it delivered at another try. */
  failed: ReadonlyMap<Hash, bigint>
  relayed: ReadonlySet<Hash>
}
export type L2Receipt = { tx: L2Tx; status: 'success' | 'reverted'; logs: MinedLog[]; position: number }
export type L2Block = {
  number: bigint
  hash: Hash
  parentHash: Hash
  stateRoot: Hash
  storageRoot: Hash
  timestamp: bigint
  receipts: L2Receipt[]
  logs: MinedLog[]
  state: L2State
}

export type L2Chain = {
  blocks: L2Block[]
  pool: L2Tx[]
  /** Transactions of users, by the bytes that stand for them. */
  users: Map<Hex, UserTx>
  /** The oldest block whose state the node holds. */
  base: number
  /** Whether op-node makes the blocks. */
  isShared: boolean
  /** What the service first sent under each nonce. */
  effects: Map<string, string>
  /** Whether the receivers of messages that failed take them now. */
  isRepaired: boolean
  salt: number
  l1: L1Chain
  /** What the simulation knows of deposits, by L1 transaction; and what is due, by source hash. */
  plans: Map<Hash, PlannedDeposit>
  due: Map<Hash, DueDeposit>
}

export function createL2(l1: L1Chain, isShared: boolean): L2Chain {
  const start = l1.blocks[1] as L1Block
  const state: L2State = {
    origin: { number: 0n, hash: zeroHash },
    executed: new Set(),
    ofOrigin: 0,
    wei: 0n,
    supply: 0n,
    withdrawals: [],
    ...{ nonces: new Map(), failed: new Map(), relayed: new Set() },
  }
  const hash = hashOf('l2 genesis', start.hash)
  const roots = { stateRoot: hashOf('state'), storageRoot: hashOf('storage') }
  const genesis = {
    number: 0n,
    hash,
    parentHash: zeroHash,
    ...roots,
    timestamp: 0n,
    receipts: [],
    logs: [],
    state,
  }
  return {
    blocks: [genesis],
    pool: [],
    users: new Map(),
    base: 0,
    ...{ isShared, effects: new Map(), isRepaired: false },
    salt: 0,
    l1,
    plans: new Map(),
    due: new Map(),
  }
}

export function readDeposit(raw: Hex): DepositTx {
  // Safe: the caller has seen the type byte of a deposit.
  const { sourceHash, from, to, mint, value, data } = parseTransaction(raw as `0x7e${string}`)
  return {
    kind: 'deposit',
    hash: keccak256(raw),
    raw,
    sourceHash,
    from,
    to: to ?? null,
    mint: mint ?? 0n,
    value: value ?? 0n,
    data: data ?? '0x',
  }
}

/** The hash that L2 gives a deposit, in the form in which L1 asked for it. */
export function hashOfDue(due: DueDeposit): Hash {
  const hash = hashes.get(due) ?? computeHash(due)
  hashes.set(due, hash)
  return hash
}

const hashes = new WeakMap<DueDeposit, Hash>()

function computeHash({ plan, sourceHash }: DueDeposit): Hash {
  const { from, to, mint, value, data } = plan
  const raw = serializeTransaction({
    type: 'deposit',
    sourceHash,
    from,
    to,
    mint,
    value,
    gas: 300_000n,
    data,
    isSystemTx: false,
  })
  return keccak256(raw)
}

/** Makes a block of these transactions. Every rule of the derivation is checked here, at the moment at which it would be broken. */
export function appendL2(chain: L2Chain, transactions: readonly L2Tx[]): L2Block {
  // Safe: a chain begins with its genesis.
  const parent = chain.blocks.at(-1) as L2Block
  const number = parent.number + 1n
  const { executed, withdrawals } = parent.state
  const state = { ...parent.state, executed: new Set(executed), withdrawals: [...withdrawals] }
  chain.salt += 1
  const hash = hashOf('l2', number, parent.hash, chain.salt)
  const logs: MinedLog[] = []
  const receipts = transactions.map((tx, position): L2Receipt => {
    const before = { ...state, executed: new Set(state.executed), withdrawals: [...state.withdrawals] }
    const { status, raws } = run(chain, state, tx)
    if (status === 'reverted' && tx.kind === 'user') Object.assign(state, before)
    const place = {
      blockNumber: number,
      blockHash: hash,
      transactionHash: tx.hash,
      transactionIndex: position,
    }
    const own = raws.map((raw, offset) => ({ ...raw, ...place, logIndex: logs.length + offset }))
    logs.push(...own)
    return { tx, status, logs: own, position }
  })
  const storageRoot =
    state.withdrawals.length === withdrawals.length ? parent.storageRoot : hashOf(parent.storageRoot, hash)
  chain.l1.passers.set(storageRoot, new Set(state.withdrawals.map(({ hash: one }) => one)))
  const stateRoot = hashOf('state', hash)
  const block = {
    number,
    hash,
    parentHash: parent.hash,
    stateRoot,
    storageRoot,
    timestamp: number,
    receipts,
    logs,
    state,
  }
  chain.blocks.push(block)
  return block
}

function run(chain: L2Chain, state: L2State, tx: L2Tx): { status: L2Receipt['status']; raws: RawLog[] } {
  if (tx.kind === 'key') return runKey(chain, state, tx)
  return tx.kind === 'user' ? runUser(state, tx) : runDeposit(chain, state, tx)
}

function runUser(state: L2State, { plan }: UserTx) {
  const isToken = plan.kind === 'token'
  if ((isToken ? state.supply : state.wei) < plan.amount) return { status: 'reverted' as const, raws: [] }
  if (isToken) state.supply -= plan.amount
  else state.wei -= plan.amount
  const made = makeWithdrawal(plan, state.withdrawals.length)
  state.withdrawals.push(made)
  return { status: 'success' as const, raws: [made.log] }
}

function runDeposit(chain: L2Chain, state: L2State, tx: DepositTx) {
  if (tx.to !== null && same(tx.to, l1BlockPredeploy)) return runAttributes(chain, state, tx)
  const due = chain.due.get(tx.sourceHash)
  const promise = (words: string): never => {
    throw new BrokenPromiseError(words, `deposit ${tx.hash}, source ${tx.sourceHash}`)
  }
  if (due === undefined) return promise('only deposits that L1 has are executed')
  if (state.executed.has(tx.sourceHash)) return promise('a deposit is executed once')
  if (state.origin.hash !== due.l1Block) return promise('a deposit is executed under its own origin')
  if (state.ofOrigin !== due.position) return promise('deposits are executed in their order')
  state.executed.add(tx.sourceHash)
  state.ofOrigin += 1
  const { plan } = due
  if (tx.mint !== plan.mint) return promise('a deposit mints what L1 locked')
  state.wei += tx.mint
  const isWhole = tx.hash === hashOfDue(due)
  if (isWhole === (plan.outcome === 'refused'))
    return promise('a deposit is reduced to its mint only if L2 can not execute it')
  if (plan.outcome === 'reverts') return { status: 'reverted' as const, raws: [] }
  if (!isWhole || plan.amount === 0n) return { status: 'success' as const, raws: [] }
  const delivered = plan.outcome === 'delivered'
  if (delivered) state.supply += plan.amount
  const name = keccak256(plan.data)
  if (!delivered) state.failed = new Map(state.failed).set(name, plan.amount)
  const log = eventOf(delivered ? 'RelayedMessage' : 'FailedRelayedMessage', name)
  return { status: 'success' as const, raws: [log] }
}

function runAttributes(chain: L2Chain, state: L2State, { data, sourceHash }: DepositTx) {
  const number = BigInt(slice(data, 28, 36))
  const hash = slice(data, 100, 132)
  const block = chain.l1.known.get(hash)
  const parent = state.origin.number === 0n ? chain.l1.blocks[1]?.hash : state.origin.hash
  const promise = (words: string): never => {
    throw new BrokenPromiseError(words, `origin ${number} ${hash} after ${state.origin.number} ${parent}`)
  }
  if (block === undefined || block.number !== number) return promise('an origin is a block of L1')
  // Where others make the blocks, several stand on one origin.
  if (hash === state.origin.hash && chain.isShared) return { status: 'success' as const, raws: [] }
  if (block.parentHash !== parent) return promise('origins follow one another')
  const before = chain.l1.known.get(state.origin.hash)
  const owed = before === undefined ? 0 : dueDeposits(before, chain.plans).length
  if (state.ofOrigin !== owed) return promise('an origin is left when its deposits are executed')
  if (sourceHash !== getSourceHash({ domain: 'l1InfoDeposit', l1BlockHash: hash, sequenceNumber: 0 })) {
    return promise('attributes come from their origin')
  }
  state.origin = { number, hash }
  state.ofOrigin = 0
  for (const due of dueDeposits(block, chain.plans)) chain.due.set(due.sourceHash, due)
  return { status: 'success' as const, raws: [] }
}

/** The root that stands for a block, as the specification has it. */
export function rootOf({ stateRoot, storageRoot, hash }: L2Block): Hash {
  return keccak256(concatHex([zeroHash, stateRoot, storageRoot, hash]))
}

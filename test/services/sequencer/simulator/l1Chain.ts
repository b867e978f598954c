import type { Address, Hash, Hex } from 'viem'
import { BrokenPromiseError, NodeRefusalError, RevertError } from './errors.ts'
import type { Faults } from './faults.ts'
import { callL1, copyL1, type Environment, emptyL1, type L1State, type RawLog } from './l1Contracts.ts'
import { finalDepth, hashOf } from './places.ts'
import type { Random } from './random.ts'
import { isUnderpriced, type KeyTransaction, readSigned } from './signed.ts'

/** What the simulation does on L1 itself: everything but the service's transactions. It happens again after a reorganisation. */
export type WorldTransaction = {
  hash: Hash
  from: Address
  /** Throws RevertError where L1 would revert. */
  run: (state: L1State, environment: Environment) => void
}
export type MinedLog = RawLog & {
  blockNumber: bigint
  blockHash: Hash
  transactionHash: Hash
  transactionIndex: number
  logIndex: number
}
export type Receipt = {
  transaction: WorldTransaction | KeyTransaction
  status: 'success' | 'reverted'
  logs: MinedLog[]
  position: number
}
export type L1Block = {
  number: bigint
  hash: Hash
  parentHash: Hash
  timestamp: bigint
  baseFee: bigint
  receipts: Receipt[]
  logs: MinedLog[]
  state: L1State
}

export type L1Chain = {
  blocks: L1Block[]
  /** Every block that ever was, by hash. */
  known: Map<Hash, L1Block>
  waiting: WorldTransaction[]
  pool: Map<Address, Map<number, KeyTransaction>>
  /** Blocks of the dearer kind that are still to come. */
  dearBlocks: number
  passers: Map<Hash, ReadonlySet<Hash>>
  /** What the service first sent under each nonce. */
  effects: Map<string, string>
  random: Random
  faults: Faults
  salt: number
}

const gwei = 1_000_000_000n

export function createL1(random: Random, faults: Faults): L1Chain {
  const parts = {
    waiting: [],
    pool: new Map(),
    dearBlocks: 0,
    passers: new Map(),
    effects: new Map(),
    salt: 0,
  }
  const chain: L1Chain = { blocks: [], known: new Map(), random, faults, ...parts }
  for (let number = 0; number <= Number(finalDepth) + 1; number++) mineL1(chain)
  return chain
}

export function headOf<Block>({ blocks }: { blocks: readonly Block[] }): Block {
  // Safe: a chain begins with blocks and never goes back behind them.
  return blocks.at(-1) as Block
}

/** Puts what waits into a block. */
export function mineL1(chain: L1Chain): L1Block {
  const { blocks, random } = chain
  const parent = blocks.at(-1)
  const number = BigInt(blocks.length)
  const timestamp = (parent?.timestamp ?? 1_000_000n) + 1n
  const baseFee = chain.dearBlocks > 0 ? 100n * gwei : gwei
  if (chain.dearBlocks > 0) chain.dearBlocks -= 1
  const state = copyL1(parent?.state ?? emptyL1())
  const order = merged(random, chosenWorld(chain), chosenKeys(chain, state, baseFee))

  const logs: MinedLog[] = []
  chain.salt += 1
  const hash = hashOf('l1', number, parent?.hash ?? '', chain.salt)
  const block: L1Block = {
    number,
    hash,
    parentHash: parent?.hash ?? hashOf(0),
    timestamp,
    baseFee,
    receipts: [],
    logs,
    state,
  }
  for (const [position, transaction] of order.entries()) {
    const { status, logs: raws } = execute(chain, block, transaction)
    const place = {
      blockNumber: number,
      blockHash: hash,
      transactionHash: transaction.hash,
      transactionIndex: position,
    }
    const own = raws.map((raw, offset) => ({ ...raw, ...place, logIndex: logs.length + offset }))
    logs.push(...own)
    block.receipts.push({ transaction, status, logs: own, position })
  }
  blocks.push(block)
  chain.known.set(hash, block)
  return block
}

/** Both put between each other by chance, each in its own order. */
function merged<One, Other>(random: Random, ones: readonly One[], others: readonly Other[]): (One | Other)[] {
  const [left, right, all] = [[...ones], [...others], [] as (One | Other)[]]
  while (left.length + right.length > 0) {
    const next = right.length === 0 || (left.length > 0 && random.chance(0.5)) ? left.shift() : right.shift()
    if (next !== undefined) all.push(next)
  }
  return all
}

const worldPerBlock = 6

function chosenWorld({ waiting }: L1Chain): WorldTransaction[] {
  return waiting.splice(0, worldPerBlock)
}

function chosenKeys({ pool, faults }: L1Chain, state: L1State, baseFee: bigint): KeyTransaction[] {
  const chosen: KeyTransaction[] = []
  for (const [from, byNonce] of pool) {
    for (let nonce = state.nonces.get(from) ?? 0; ; nonce++) {
      const transaction = byNonce.get(nonce)
      if (transaction === undefined || transaction.maxFeePerGas < baseFee) break
      if (faults.strikes('l1.transaction-stuck')) break
      byNonce.delete(nonce)
      chosen.push(transaction)
    }
    for (const nonce of byNonce.keys()) {
      if (faults.strikes('l1.transaction-evicted')) byNonce.delete(nonce)
    }
  }
  return chosen
}

function execute(chain: L1Chain, block: L1Block, transaction: WorldTransaction | KeyTransaction) {
  const { state } = block
  const before = copyL1(state)
  const logs: RawLog[] = []
  const environment = environmentOf(chain, {
    from: transaction.from,
    timestamp: block.timestamp,
    emit: (log) => logs.push(log),
    isMined: true,
  })
  try {
    if ('run' in transaction) transaction.run(state, environment)
    else {
      const { gas } = callL1(state, transaction, environment)
      if (gas > transaction.gas) throw new RevertError('out of gas')
    }
    spendNonce(state, transaction)
    return { status: 'success' as const, logs }
  } catch (error) {
    if (!(error instanceof RevertError)) throw error
    Object.assign(state, before)
    spendNonce(state, transaction)
    return { status: 'reverted' as const, logs: [] }
  }
}

function spendNonce(state: L1State, transaction: WorldTransaction | KeyTransaction): void {
  if ('run' in transaction) return
  if ((state.nonces.get(transaction.from) ?? 0) !== transaction.nonce) {
    throw new BrokenPromiseError(
      'the model mines nonces in order',
      `${transaction.from} ${transaction.nonce}`,
    )
  }
  state.nonces.set(transaction.from, transaction.nonce + 1)
}

type Begun = Pick<Environment, 'from' | 'timestamp'> & Partial<Pick<Environment, 'emit' | 'isMined'>>

export function environmentOf(
  chain: L1Chain,
  { from, timestamp, emit = () => {}, isMined = false }: Begun,
): Environment {
  return {
    from,
    origin: from,
    timestamp,
    emit,
    isMined,
    blockHash: (number) => chain.blocks[Number(number)]?.hash,
    passerHeld: (root, withdrawal) => chain.passers.get(root)?.has(withdrawal) ?? false,
  }
}

/** Takes back the newest blocks; what they held waits again, or some of it is lost. */
export function reorganiseL1(chain: L1Chain, depth: number): void {
  const { random } = chain
  const taken = chain.blocks.splice(chain.blocks.length - depth)
  const again: WorldTransaction[] = []
  for (const { transaction } of taken.flatMap(({ receipts }) => receipts)) {
    if (random.chance(0.1)) continue
    if ('run' in transaction) again.push(transaction)
    else keep(chain, transaction)
  }
  // Half the time in another order.
  if (random.chance(0.5)) again.reverse()
  chain.waiting.unshift(...again)
}

function keep({ pool }: L1Chain, transaction: KeyTransaction): void {
  const byNonce = pool.get(transaction.from) ?? new Map<number, KeyTransaction>()
  pool.set(transaction.from, byNonce)
  if (!byNonce.has(transaction.nonce)) byNonce.set(transaction.nonce, transaction)
}

/** Takes a signed transaction as a node does. Answers its hash. */
export function acceptL1(chain: L1Chain, raw: Hex): Hash {
  return acceptTransaction(chain, readSigned(raw, 900, chain.effects))
}

export function acceptTransaction(chain: L1Chain, transaction: KeyTransaction): Hash {
  const { hash, from, nonce } = transaction
  const mined = headOf(chain).state.nonces.get(from) ?? 0
  if (nonce < mined) throw new NodeRefusalError(-32_003, 'nonce too low')
  const other = chain.pool.get(from)?.get(nonce)
  if (other?.hash === hash) throw new NodeRefusalError(-32_000, 'already known')
  if (other !== undefined && isUnderpriced(transaction, other))
    throw new NodeRefusalError(-32_000, 'replacement transaction underpriced')
  chain.pool.get(from)?.delete(nonce)
  keep(chain, transaction)
  return hash
}

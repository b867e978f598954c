import { type Hex, toHex } from 'viem'
import { BrokenPromiseError, NodeRefusalError, UnknownToModelError } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Striking } from './headers.ts'
import { headOf } from './l1Chain.ts'
import { appendL2, type L2Block, type L2Chain, type L2Tx } from './l2Chain.ts'
import { takeFromPool } from './l2Keys.ts'
import { answerL2, everyTx, typeOf } from './l2Rpc.ts'

const neverStriking: Striking = { strikes: () => false, coin: () => false }

/** What the embedded node answers besides: it makes blocks when it is told to, and executes a deposit as often as it is sent. */
export function answerEmbedded(
  chain: L2Chain,
  { saved, faults, policy }: { saved: Map<Hex, L2Block[]>; faults: Faults; policy: bigint },
  method: string,
  params: readonly unknown[],
): unknown {
  const { blocks, pool } = chain
  switch (method) {
    case 'evm_mine': {
      const isDeposit = ({ kind }: L2Tx) => kind === 'deposit'
      if (pool.some(isDeposit) && pool.length > 1)
        throw new UnknownToModelError('a deposit that shares its block')
      appendL2(chain, takeFromPool(chain))
      return '0x0'
    }
    case 'eth_sendRawTransaction':
      if (faults.strikes('l2.refuses-in-passing')) throw passingRefusal(faults)
      return answerL2(chain, neverStriking, method, params)
    case 'eth_getRawTransactionByHash':
      return everyTx(chain).find(({ hash }) => hash === params[0])?.raw ?? null
    case 'txpool_status':
      return { pending: toHex(pool.length), queued: '0x0' }
    case 'txpool_content':
      return {
        pending: Object.fromEntries(
          pool.map((tx, at) => [`0x${at}`, { 0: { hash: tx.hash, type: typeOf(tx) } }]),
        ),
        queued: {},
      }
    case 'anvil_dropTransaction':
      chain.pool = pool.filter(({ hash }) => hash !== params[0])
      return params[0]
    case 'anvil_rollback': {
      const depth = params[0] as number
      if (blocks.length - 1 - depth < chain.base) throw new NodeRefusalError(-32_603, 'no such state')
      const [from, to] = [headOf(chain), blocks[blocks.length - 1 - depth]]
      // Genesis knows no origin; L2 begins with the block of L1 before the first one that it is told of.
      const taken = from.state.origin.number - (to?.state.origin.number || 1n)
      if (taken > policy) throw new BrokenPromiseError('L2 goes back by no more than the policy', `${taken}`)
      blocks.splice(blocks.length - depth)
      return null
    }
    case 'anvil_dumpState': {
      const id = toHex(saved.size + 1)
      saved.set(id, [...blocks])
      return id
    }
    default:
      // The service's own process: it hides nothing.
      return answerL2(chain, neverStriking, method, params)
  }
}

/** What a node says when it is not well. The words may be those of a refusal that stays. */
function passingRefusal(faults: Striking): NodeRefusalError {
  if (faults.coin()) return new NodeRefusalError(-32_003, 'Insufficient funds for gas * price + value')
  return faults.coin()
    ? new NodeRefusalError(-32_005, 'rate limit')
    : new NodeRefusalError(-32_603, 'internal error')
}

import { createPublicClient, custom, type Hash, type PublicClient } from 'viem'
import { readWithdrawalFacts } from '../../bridge/observe.ts'
import { type OracleFacts, readOracle } from '../../bridge/oracleFacts.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { l1Chain } from '../../chain/chains.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { L1Header } from './records.ts'

/*
 * What L1 says of withdrawals at a block. Nothing of it changes while the block stands, and each takes several reads of state: so each is asked once
 * for a block, however often the loops come by, and those of many withdrawals go together in a call of Multicall3.
 */

type WithdrawalFacts = ReturnType<typeof readWithdrawalFacts>
/** By the hash of an L1 block. */
type Known = Map<Hash, OfBlock>
type OfBlock = { oracle: Promise<OracleFacts>; withdrawals: Map<string, WithdrawalFacts> }

export type Facts = {
  l1: PublicClient
  contracts: Manifest['l1']['contracts']
  known: Known
}

/** The heads of the loops, which lie a little apart. */
const blocksKept = 4
/** Call data of one call: some two hundred reads, whose gas any node grants. */
const gatheredBytes = 8_192

export type FactsParts = {
  l1: PublicClient
  manifest: Pick<Manifest, 'name' | 'l1'>
  /** Whether L1 has Multicall3. */
  gathers: boolean
}

export function openFacts({ l1, manifest, gathers }: FactsParts): Facts {
  const gathering = () =>
    createPublicClient({
      // Tries again as the client below it does.
      transport: custom({ request: l1.request }, { retryCount: 0 }),
      chain: l1Chain(manifest),
      batch: { multicall: { batchSize: gatheredBytes } },
    })
  return { l1: gathers ? gathering() : l1, contracts: manifest.l1.contracts, known: new Map() }
}

/** Throws what `readWithdrawalFacts` throws; then it is asked again the next time. */
export function factsAt(facts: Facts, withdrawal: Withdrawal, block: L1Header): WithdrawalFacts {
  const { l1, contracts } = facts
  const { oracle, withdrawals } = blockOf(facts, block)
  // A reorganisation of L2 may move a withdrawal to another of its blocks.
  const name = `${withdrawal.hash} ${withdrawal.origin.blockNumber}`
  const found = withdrawals.get(name)
  if (found !== undefined) return found
  const asked = readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber: block.number, oracle })
  withdrawals.set(name, asked)
  asked.catch(() => withdrawals.delete(name))
  return asked
}

function blockOf(facts: Facts, block: L1Header): OfBlock {
  const { known } = facts
  const { hash } = block
  const ofBlock = known.get(hash) ?? askOracle(facts, block)
  // The newest last: the first ones go.
  known.delete(hash)
  known.set(hash, ofBlock)
  for (const old of known.keys()) {
    if (known.size <= blocksKept) break
    known.delete(old)
  }
  return ofBlock
}

function askOracle({ l1, contracts, known }: Facts, { hash, number: blockNumber }: L1Header): OfBlock {
  const oracle = readOracle(l1, { contracts, blockNumber })
  oracle.catch(() => known.delete(hash))
  return { oracle, withdrawals: new Map() }
}

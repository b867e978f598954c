import type { Hash } from 'viem'
import { readWithdrawalFacts } from '../../bridge/observe.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { Network } from './network.ts'
import type { L1Header } from './records.ts'

/*
 * What L1 says of withdrawals at a block. Nothing of it changes while the block stands, and each takes several requests: so each is asked once for a
 * block, however often the loops come by.
 */

type WithdrawalFacts = ReturnType<typeof readWithdrawalFacts>
/** By the hash of an L1 block, then by withdrawal. */
export type Facts = Map<Hash, Map<string, WithdrawalFacts>>

/** The heads of the loops, which lie a little apart. */
const blocksKept = 4

/** Throws what `readWithdrawalFacts` throws; then it is asked again the next time. */
export function factsAt(
  {
    l1,
    facts,
    manifest,
  }: Pick<Network, 'l1' | 'facts'> & { manifest: { l1: Pick<Manifest['l1'], 'contracts'> } },
  withdrawal: Withdrawal,
  { hash, number: blockNumber }: L1Header,
): WithdrawalFacts {
  const { contracts } = manifest.l1
  const known = blockOf(facts, hash)
  // A reorganisation of L2 may move a withdrawal to another of its blocks.
  const name = `${withdrawal.hash} ${withdrawal.origin.blockNumber}`
  const found = known.get(name)
  if (found !== undefined) return found
  const asked = readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber })
  known.set(name, asked)
  asked.catch(() => known.delete(name))
  return asked
}

function blockOf(facts: Facts, hash: Hash): Map<string, WithdrawalFacts> {
  const known = facts.get(hash) ?? new Map<string, WithdrawalFacts>()
  // The newest last: the first ones go.
  facts.delete(hash)
  facts.set(hash, known)
  for (const old of facts.keys()) {
    if (facts.size <= blocksKept) break
    facts.delete(old)
  }
  return known
}

import { type Hash, type PublicClient, pad, toHex } from 'viem'
import { withdrawalsBetween } from '../../bridge/observe.ts'
import { checkOutputRoot, outputRootProof, withdrawalSlot } from '../../bridge/withdrawal.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { type Network, request } from './network.ts'
import type { OutputRecord, StoredProof } from './records.ts'

// What proves L2 at the heights that get a root, taken while the node has their state.

/**
 * Stores the outputs of the heights that get a root: of L2's head, and of those below it that the store has not read. One of
 * these is missing where the answer to `evm_mine` was lost and another block came on top. Answers the head.
 */
export async function captureHead(network: Network): Promise<bigint> {
  const { l2, store, manifest } = network
  const interval = BigInt(manifest.bridge.submissionIntervalBlocks)
  const head = await l2.getBlockNumber({ cacheTime: 0 })
  const read = await store.l2Head()
  let number = head - (head % interval)
  while (number > 0n && (number === head || (read !== undefined && number > read.number))) {
    await captureOutput(network, number)
    number -= interval
  }
  return head
}

/** Stores the output of one height with the proofs of the withdrawals that it is the first to cover. */
async function captureOutput(
  { l2, store, manifest }: Network,
  number: bigint,
  missing: readonly Hash[] = [],
): Promise<void> {
  const interval = BigInt(manifest.bridge.submissionIntervalBlocks)
  const block = await l2.getBlock({ blockNumber: number })
  const stored = await store.output(number)
  const same = stored?.blockHash === block.hash ? stored : undefined
  if (same !== undefined && missing.every((slot) => proves(same, slot))) return

  const range = { fromBlock: number - interval + 1n, toBlock: number }
  const shown = (await withdrawalsBetween(l2, range)).map(({ hash }) => withdrawalSlot(hash))
  const before = same?.proof.storageProof.map(({ key }) => pad(key)) ?? []
  const proof = await readProof(l2, [...new Set([...shown, ...before, ...missing])], number)
  const parts = { stateRoot: block.stateRoot, storageHash: proof.storageHash, blockHash: block.hash }
  const root = checkOutputRoot(number, outputRootProof(parts))
  failpoint('output.store.before')
  await store.putOutput({ number, ...parts, root, proof })
  failpoint('output.store.after')
}

/** Slots that a node is asked to prove at once: each takes it some kilobytes, and anybody may have begun thousands of withdrawals. */
const slotsAtOnce = 500

async function readProof(l2: PublicClient, slots: readonly Hash[], number: bigint): Promise<StoredProof> {
  const read = (some: readonly Hash[]) =>
    request<StoredProof>(l2, 'eth_getProof', [
      predeploys.L2ToL1MessagePasser,
      some,
      `0x${number.toString(16)}`,
    ])
  const first = await read(slots.slice(0, slotsAtOnce))
  const storageProof = [...first.storageProof]
  for (let from = slotsAtOnce; from < slots.length; from += slotsAtOnce) {
    storageProof.push(...(await read(slots.slice(from, from + slotsAtOnce))).storageProof)
  }
  return { ...first, storageProof }
}

/**
 * What proves a withdrawal, by its slot, at one proposed height. The embedded node keeps no old states, so there it was stored or is gone. A
 * real node is asked where the store has nothing, has what L2 has given up since, or lacks that slot as the node had left its log out.
 */
export async function readOutput(
  network: Network,
  { number, slot }: { number: bigint; slot: Hash },
): Promise<OutputRecord | undefined> {
  if (network.dumps !== undefined) return network.store.output(number)
  await captureOutput(network, number)
  const output = await network.store.output(number)
  if (output === undefined || proves(output, slot)) return output
  await captureOutput(network, number, [slot])
  return network.store.output(number)
}

const proves = (output: OutputRecord, slot: Hash): boolean => proofOf(output, slot) !== undefined

type SlotProof = StoredProof['storageProof'][number]
const bySlot = new WeakMap<OutputRecord, ReadonlyMap<Hash, SlotProof>>()

/** The nodes that prove a slot, if the output has them. They are sought by slot once for an output, which may have thousands. */
export function proofOf(output: OutputRecord, slot: Hash): SlotProof | undefined {
  const known = bySlot.get(output)
  const found =
    known ??
    new Map(output.proof.storageProof.map((proof) => [toHex(BigInt(proof.key), { size: 32 }), proof]))
  if (known === undefined) bySlot.set(output, found)
  return found.get(slot)
}

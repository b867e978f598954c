import { encodeFunctionData, type Hash, zeroHash } from 'viem'
import { ZeroOutputRootError } from '../../bridge/errors.ts'
import { outputProposer } from '../../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { sendOnce } from '../runtime/attempt.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { readShown } from './blocks.ts'
import { alert, hashAt, l1HashAt, type Network, settledHead } from './network.ts'
import type { L1Header } from './records.ts'

/**
 * Proposes the root of the next height that the oracle asks for, if L2 has passed it. Answers whether one was proposed.
 * The proposal names an L1 block that descends from the origin of the proposed one: should L1 give that block up, and with it what
 * the root stands for, the oracle refuses the proposal, however late it arrives.
 */
export async function proposeNext(network: Network, outbox: Outbox): Promise<boolean> {
  const { l1, l2, store, manifest, log } = network
  const head = await settledHead(network)
  if (head === undefined) return false
  const number = await l1.readContract({
    address: manifest.l1.contracts.L2OutputOracle,
    abi: l2OutputOracleAbi,
    functionName: 'nextBlockNumber',
    // At the block that the attempt is judged by: a root that was deleted is proposed again.
    blockNumber: head.number,
  })
  const hash = await readShown(network, () => hashAt(l2, number))
  // After the block was shown, as its output is stored before: the other way round one that is just being made would seem lost.
  const output = await store.output(number)
  if (output === undefined || hash !== output.blockHash) {
    const passed = hash !== undefined && (await store.l2Head())
    const lost =
      passed && passed.number > number
        ? `L2 has passed block ${number} and its output was not kept`
        : undefined
    alert(network, 'output.lost', lost)
    return false
  }
  if (output.root === zeroHash) throw new ZeroOutputRootError(number)
  if (!(await standsUnder(network, { number, hash: output.blockHash }, head))) return false

  const data = encodeFunctionData({
    abi: outputProposer.abi,
    functionName: 'proposeL2Output',
    args: [output.root, number, head.hash, head.number],
  })
  const to = manifest.l1.contracts.OutputProposer
  const wanted = { effect: `propose:${number}:${output.root}`, missingAt: head.number }
  const receipt = await sendOnce(outbox, wanted, { to, data })
  if (receipt === undefined) return false
  log.info({ l2: number, root: output.root, status: receipt.status }, 'sequencer.proposed')
  return receipt.status === 'success'
}

/**
 * Whether the L2 block's origin is this L1 block or an ancestor of it. L1 may have been reorganised while L2 has not followed yet: a root of the
 * old chain, bound to a block of the new one, would be accepted. And L1 may be shorter for a while than it was: bound to a block
 * below its origin, a root would outlive that origin.
 */
async function standsUnder(
  network: Network,
  { number, hash }: { number: bigint; hash: Hash },
  head: L1Header,
): Promise<boolean> {
  const block = await network.store.l2Header(number)
  if (block?.hash !== hash) return false
  const { origin } = block
  if (origin.number > head.number) return false
  if ((await l1HashAt(network, origin.number)) !== origin.hash) return false
  // Last: the two were seen on one chain only if this one is still there.
  return (await l1HashAt(network, head.number)) === head.hash
}

/** The newest root that L1 holds. */
export async function readLastRoot({
  l1,
  manifest,
}: Network): Promise<{ l2Block: bigint; root: Hash } | undefined> {
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const count = await l1.readContract({ ...oracle, functionName: 'nextOutputIndex' })
  if (count === 0n) return undefined
  const output = await l1.readContract({ ...oracle, functionName: 'getL2Output', args: [count - 1n] })
  return { l2Block: output.l2BlockNumber, root: output.outputRoot }
}

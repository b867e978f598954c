import { readOracle, readOutputs } from '../../../bridge/outputs.ts'
import { l1BlockAt, readProposals } from '../../../bridge/proposing.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { Context } from '../context.ts'
import { openL1 } from './replica.ts'

/** The newest outputs on L1, newest first. */
export async function listOutputs({ output }: Context, manifest: Manifest, newest: number): Promise<void> {
  const l1 = openL1(manifest)
  const head = await l1.getBlock()
  const at = { blockHash: head.hash }
  const { count, finalizationPeriodSeconds: period } = await readOracle(l1, { manifest }, at)
  if (count === 0n) {
    output.result({ outputs: [] }, 'No output has been proposed yet.')
    return
  }
  const from = count > BigInt(newest) ? count - BigInt(newest) : 0n
  const outputs = await readOutputs(l1, { manifest, from, to: count }, at)
  const fromBlock = await l1BlockAt(l1, { time: outputs[0]?.timestamp ?? 0n, upTo: head.number })
  const proposals = await readProposals(l1, { manifest, outputs, fromBlock, toBlock: head.number })
  for (const { index, root, l2Block, timestamp } of outputs.toReversed()) {
    const proposal = proposals.get(index)
    const seconds = timestamp + period - head.timestamp
    const by = proposal?.by === undefined ? 'unknown' : proposal.by === 'operator' ? 'operator' : 'stranger'
    const bond = typeof proposal?.by === 'object' ? proposal.by : {}
    const place = proposal && { l1Block: proposal.l1Block, transaction: proposal.transaction }
    output.result(
      { index, l2Block, root, proposedAt: timestamp, by, ...bond, ...place, maturesInSeconds: seconds },
      [
        String(index).padStart(6),
        `L2 ${String(l2Block).padEnd(9)}`,
        root,
        by.padEnd(8),
        `L1 ${String(proposal?.l1Block ?? '?').padEnd(9)}`,
        seconds > 0n ? `matures in ${seconds} s` : 'mature',
      ].join('  '),
    )
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { formatEther } from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import { proposeOutputCall } from '../../../bridge/forced.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { mayRetry } from '../../runtime/loop.ts'
import type { Context } from '../context.ts'
import { type ProposalPlan, planProposal } from './plan.ts'
import { openSource, type ReplicaOptions, type Source } from './replica.ts'
import { costOf, type Signer, sendOnL1, signerOf } from './send.ts'

export type ProposeOptions = ReplicaOptions & { as: string; send?: boolean; wait?: boolean }

/** Says what a proposal of the next output stakes and when it is allowed, and with `--send` makes it. */
export async function propose(context: Context, manifest: Manifest, options: ProposeOptions): Promise<void> {
  const { output } = context
  const signer = await signerOf(context, options.as)
  const source = await openSource(context, manifest, options)
  let plan = await planProposal(source, manifest, signer.account.address)
  output.result({ ...fieldsOf(plan, signer), dryRun: options.send !== true }, textOf(plan, signer, source))
  if (options.send !== true) {
    output.progress(plan.obstacle?.message ?? 'Nothing was sent. Add --send to do it.')
    return
  }
  while (plan.obstacle !== undefined) {
    if (options.wait !== true || !plan.obstacle.retry) throw plan.obstacle
    output.progress(plan.obstacle.message)
    await sleep(Math.min(1_000, manifest.l1.blockTimeSeconds * 1_000))
    // A node that is away for a moment ends no wait of hours.
    plan = await planProposal(source, manifest, signer.account.address).catch((error: unknown) => {
      if (!mayRetry(error)) throw error
      return plan
    })
  }
  const call = callOf(manifest, plan)
  if (call === undefined) return
  await costOf(source.l1, signer.account.address, call)
  const { l2Block, index } = plan.terms
  const key = `propose-${index}-${l2Block}-${plan.root}-${plan.l1Block?.hash}`
  const transaction = await sendOnL1(context, source.l1, { signer, call, key })
  output.result(
    { transaction, l2Block, index, root: plan.root },
    `Proposed output ${index} for L2 block ${l2Block} in ${transaction}.${plan.stake > 0n ? ' Follow its bond with hashsand outputs bonds.' : ''}`,
  )
}

function callOf(manifest: Manifest, { root, l1Block, terms, stake }: ProposalPlan): Call | undefined {
  if (root === undefined || l1Block === undefined) return undefined
  return proposeOutputCall({ manifest, root, l2BlockNumber: terms.l2Block, l1Block, bond: stake })
}

function fieldsOf({ terms, root, l1Block, stake, l1Time, obstacle }: ProposalPlan, { account }: Signer) {
  const { index, l2Block, silentFrom, oldEnoughFrom, operatorHeardAt } = terms
  return {
    ...{ index, l2Block, root, l1Block, from: account.address, stakeWei: stake },
    ...{ l1Time, operatorHeardAt, silentFrom, oldEnoughFrom, isOperator: account.address === terms.operator },
    ...(obstacle === undefined ? {} : { obstacle: obstacle.name, reason: obstacle.message }),
  }
}

function textOf(
  { terms, root, l1Block, stake, l1Time }: ProposalPlan,
  signer: Signer,
  source: Source,
): string {
  const { index, l2Block, finalizationPeriodSeconds: period, bondSeconds } = terms
  const relative = (time: bigint) => (time <= l1Time ? `${l1Time - time} s ago` : `in ${time - l1Time} s`)
  const heard =
    terms.operatorHeardAt === 0n
      ? 'its newest output was deleted'
      : `heard ${relative(terms.operatorHeardAt)}`
  const lines = [
    `Output ${index} for L2 block ${l2Block}, root ${root ?? 'not known here yet'}`,
    `  computed on ${source.l2Url} and the same from ${source.nodeUrl}`,
    ...(l1Block === undefined
      ? []
      : [`  bound to L1 block ${l1Block.number} ${l1Block.hash}: without it L1 refuses the root`]),
  ]
  if (stake === 0n)
    return [...lines, `  from ${signer.account.address}, the operator, who stakes nothing`].join('\n')
  return [
    ...lines,
    `  from ${signer.account.address}, who stakes ${formatEther(stake)} ETH`,
    `  it comes back when an output with this root for L2 block ${l2Block} matures, ${period} s after its proposal, or when none for`,
    `  that block has within ${bondSeconds / 86_400n} days. A deletion alone decides nothing. Settle and claim it then.`,
    '  It is lost to the challenger when an output with another root for that block matures.',
    `  operator: ${heard}, silent for the contract ${relative(terms.silentFrom)}; the block is old enough ${relative(terms.oldEnoughFrom)}`,
  ].join('\n')
}

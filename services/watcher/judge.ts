import { judgeOutput, type Output, type Verdict } from '../../bridge/outputs.ts'
import type { Notice } from './alerts.ts'
import type { Sight } from './follow.ts'
import type { OwnRoots } from './roots.ts'

export type Judged = Output & { verdict: Verdict; ownRoot: Output['root'] | undefined }

export type JudgeParameters = {
  sight: Sight
  roots: Pick<OwnRoots, 'of'>
  /** Whether the replica's silence about a block says something: it is up, and has had the time to derive. */
  replicaSpeaks: boolean
}

/** All outputs in sight, oldest first. */
export function judgeAll({ sight, roots, replicaSpeaks }: JudgeParameters): Judged[] {
  const { head, oracle, outputs } = sight
  const clock = { l1Time: head.timestamp, finalizationPeriodSeconds: oracle.finalizationPeriodSeconds }
  return outputs.map((output) => {
    const ownRoot = roots.of(output.l2Block)
    const knows = ownRoot !== undefined || replicaSpeaks
    return { ...output, ownRoot, verdict: knows ? judgeOutput({ output, ownRoot, ...clock }) : 'pending' }
  })
}

export const isWrong = ({ verdict }: Pick<Judged, 'verdict'>): boolean =>
  verdict === 'wrong' || verdict === 'underivable'

/** The oldest one that should go and still can. All newer ones go with it. */
export function firstWrong(judged: readonly Judged[]): Judged | undefined {
  return judged.find(isWrong)
}

/** Names a wrong output in alerts and in the outbox: another one at the same index is another effect. */
export const nameOf = ({ index, root, timestamp }: Output): string => `${index}-${root}-${timestamp}`

export type TextParameters = {
  judged: readonly Judged[]
  sight: Sight
  oracle: string
  /** Whether this process deletes by itself. */
  deletes: boolean
}

/** What has to be said of outputs, by name. */
export function outputNotices(parameters: TextParameters): Map<string, Notice> {
  const { judged, deletes } = parameters
  const first = firstWrong(judged)
  const notices = new Map<string, Notice>()
  for (const output of judged) {
    const name = `output.${nameOf(output)}`
    if (output.verdict === 'lost') notices.set(name, { severity: 'page', text: lostText(output) })
    else if (isWrong(output) && output !== first) {
      const text = `${wrongText(output, parameters)} It goes with output ${first?.index}.`
      notices.set(name, { severity: 'alert', text })
    } else if (output === first) {
      const text = [wrongText(output, parameters), actText(output, parameters), sideText(output, judged)]
      notices.set(name, { severity: deletes ? 'alert' : 'page', text: text.join(' ') })
    }
  }
  return notices
}

function wrongText(output: Judged, { sight }: TextParameters): string {
  const { index, root, l2Block, ownRoot, verdict } = output
  const what = `Output ${index} for L2 block ${l2Block} has the root ${root}`
  const why =
    verdict === 'underivable'
      ? 'and half of its period has passed without this replica deriving that block from L1: it counts as wrong.'
      : `and this replica ${ownRoot ?? 'none that could be right'}: it is wrong.`
  return `${what} ${why} ${maturityText(output, sight)}`
}

/** Until when something can be done, by L1's clock. */
export function maturityText({ timestamp }: Output, { head, oracle }: Sight): string {
  const matures = timestamp + oracle.finalizationPeriodSeconds
  const date = new Date(Number(matures) * 1_000).toISOString()
  return `It matures at L1 time ${matures} (${date}), in ${matures - head.timestamp} s.`
}

function actText({ index }: Judged, { deletes, sight, oracle }: TextParameters): string {
  if (deletes) return 'It is being deleted.'
  return `No challenger key is here: until then ${sight.oracle.challenger} has to call deleteL2Outputs(${index}) on the L2OutputOracle ${oracle}.`
}

function sideText({ index }: Judged, judged: readonly Judged[]): string {
  const later = judged.filter((other) => other.index > index)
  const last = later.at(-1)
  if (last === undefined) return 'No other output goes with it.'
  const right = later.filter(({ verdict }) => verdict === 'right')
  const named = right.map((output) => `${output.index} (L2 block ${output.l2Block})`)
  const shown = named.length > 8 ? [...named.slice(0, 8), `${named.length - 8} more`] : named
  const rights = named.length === 0 ? 'none of them right' : `of them right: ${shown.join(', ')}`
  return `Outputs ${index + 1n} to ${last.index} go with it, ${rights}. The sequencer proves withdrawals anew once they are proposed again.`
}

function lostText({ index, l2Block, root, ownRoot }: Judged): string {
  const own = ownRoot ?? 'no such block'
  return `Output ${index} for L2 block ${l2Block} has the root ${root}, this replica has ${own}, and it has matured: the oracle does not delete it any more. Withdrawals that were proven on it can be finalised now. The guardian has to pause the SuperchainConfig at once, before anything else is done.`
}

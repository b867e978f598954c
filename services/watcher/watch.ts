import { formatEther, parseEther } from 'viem'
import type { Log } from '../runtime/log.ts'
import { nodeIsSilent } from '../runtime/loop.ts'
import type { Alerts, Notice } from './alerts.ts'
import type { Deleter } from './deletion.ts'
import { NodeAnswerError, SplitReplicaError } from './errors.ts'
import type { Sight } from './follow.ts'
import type { Incidents } from './incidents.ts'
import { firstWrong, type Judged, judgeAll, outputNotices } from './judge.ts'
import { askingNodes, type Network } from './network.ts'
import { isSettled, type Replica, readReplica } from './replica.ts'
import { behindNotice, patienceSeconds } from './replicaNotices.ts'
import type { OwnRoots } from './roots.ts'

export type Watch = {
  network: Network
  follow: () => Promise<Sight>
  roots: OwnRoots
  alerts: Alerts
  incidents: Incidents
  /** Undefined without a challenger's key. */
  deleter: Deleter | undefined
  /** Blocks that a wrong output must be deep before it is deleted. */
  confirmations: bigint
  log: Log
  seen: Seen
}

/** What the last looks have shown. */
export type Seen = {
  sight: Sight | undefined
  replica: Replica | undefined
  judged: readonly Judged[]
  /** Whether the replica answered the last time, and stood on the same L1. */
  settled: boolean
  unsettledRounds: number
  /** L1 time since which the replica answers. */
  answersSince: bigint | undefined
  /** This machine's clock. */
  l1Ms: number
  replicaMs: number
  fundsMs: number
  balance: bigint | undefined
}

export function nothingSeen(): Seen {
  const now = performance.now()
  return {
    sight: undefined,
    replica: undefined,
    judged: [],
    settled: false,
    unsettledRounds: 0,
    answersSince: undefined,
    l1Ms: now,
    replicaMs: now,
    fundsMs: Number.NEGATIVE_INFINITY,
    balance: undefined,
  }
}

/** One look at L1 and the replica: what is new is judged, told, and deleted if it is wrong. */
export async function look(watch: Watch): Promise<void> {
  const { seen, alerts } = watch
  try {
    const replica = await orSilent(watch, () => readReplica(watch.network))
    // L1 is asked after the replica, so that it is never older than what the replica has seen.
    const sight = await askingNodes(watch.follow)
    seen.sight = sight
    seen.l1Ms = performance.now()
    if (sight.reorganised) watch.roots.forget()
    await meet(watch, sight, replica)
    seen.judged = judgeAll({ sight, roots: watch.roots, replicaSpeaks: speaks(seen, sight) })
    tell(watch, sight)
    await checkFunds(watch)
    await askingNodes(() => act(watch, sight))
  } finally {
    alerts.replace('silent.', silenceNotices(watch))
  }
}

/** Takes what the replica says, if it stands on the L1 that we see, and computes the roots that are missing. */
async function meet(watch: Watch, sight: Sight, replica: Replica | undefined): Promise<void> {
  const { seen, roots } = watch
  const blocks = sight.outputs.map(({ l2Block }) => l2Block)
  const settled =
    replica !== undefined &&
    (await orSilent(watch, async () => {
      if (!(await isSettled(watch.network, replica))) return false
      const derived = blocks.filter((l2Block) => l2Block <= replica.safe.number)
      await roots.compute(derived, replica)
      return true
    }))
  seen.settled = settled === true
  if (replica !== undefined) seen.replica = replica
  seen.unsettledRounds = seen.settled ? 0 : seen.unsettledRounds + 1
  if (seen.settled) {
    seen.replicaMs = performance.now()
    seen.answersSince ??= sight.head.timestamp
  } else if (seen.unsettledRounds >= LONG_UNSETTLED_ROUNDS) seen.answersSince = undefined
  if (blocks[0] !== undefined) roots.keepFrom(blocks[0])
}

/** A replica that is away for longer begins anew: it may have a way to go before it is where it was. */
const LONG_UNSETTLED_ROUNDS = 5

function speaks({ settled, answersSince }: Seen, sight: Sight): boolean {
  if (!settled || answersSince === undefined) return false
  return sight.head.timestamp - answersSince >= patienceSeconds(sight)
}

function tell({ alerts, deleter, incidents, network, seen }: Watch, sight: Sight): void {
  const { judged, replica, settled } = seen
  const { challenger } = sight.oracle
  const isChallenger = deleter?.address === challenger
  const oracle = network.manifest.l1.contracts.L2OutputOracle
  incidents.update(judged, sight.head.timestamp)
  alerts.replace('output.', outputNotices({ judged, sight, oracle, deletes: isChallenger }))
  if (replica !== undefined && settled) alerts.set('replica.behind', behindNotice(sight, replica, judged))
  alerts.set('deletion', deleter?.obstacle())
  const text = `The oracle takes deletions from ${challenger} now, the key here is ${deleter?.address}. Give this process the new key and start it again.`
  alerts.set('challenger.changed', deleter && !isChallenger ? { severity: 'page', text } : undefined)
}

async function act(watch: Watch, sight: Sight): Promise<void> {
  const { deleter, seen } = watch
  if (deleter === undefined) return
  const wrong = deleter.address === sight.oracle.challenger ? firstWrong(seen.judged) : undefined
  await deleter.want(wrong !== undefined && (await isDeep(watch, wrong, sight)) ? wrong : undefined)
}

/**
 * Whether the output is so many blocks old that L1 will hardly take it back, and with it put another one under the same index. A
 * short period leaves no time for that: a quarter of it is enough.
 */
async function isDeep(
  { network, confirmations }: Watch,
  output: Judged,
  { head, oracle }: Sight,
): Promise<boolean> {
  const ageSeconds = head.timestamp - output.timestamp
  if (confirmations === 0n || ageSeconds * 4n >= oracle.finalizationPeriodSeconds) return true
  if (head.number < confirmations) return false
  const { timestamp } = await network.l1.getBlock({ blockNumber: head.number - confirmations })
  return timestamp >= output.timestamp
}

const FUNDS_EVERY_MS = 30_000
const LOW_FUNDS = parseEther('0.1')

async function checkFunds({ deleter, network, alerts, seen }: Watch): Promise<void> {
  if (deleter === undefined || performance.now() - seen.fundsMs < FUNDS_EVERY_MS) return
  const { address } = deleter
  const balance = await askingNodes(() => network.l1.getBalance({ address }))
  seen.balance = balance
  seen.fundsMs = performance.now()
  const text = `The challenger ${address} has ${formatEther(balance)} ether on L1. Send it some: below ${formatEther(LOW_FUNDS)} a deletion may fail.`
  alerts.set('challenger.funds', balance < LOW_FUNDS ? { severity: 'page', text } : undefined)
}

/** Undefined when the replica does not answer, or not with one voice: the round goes on with what is known. */
async function orSilent<Value>({ log }: Watch, ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await askingNodes(ask)
  } catch (error) {
    const isSilence =
      error instanceof NodeAnswerError || error instanceof SplitReplicaError || nodeIsSilent(error)
    if (!isSilence) throw error
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'watcher.replica.silent')
    return undefined
  }
}

/** No node is missed for a restart, and none for longer than a part of the period in which something can be done. */
const SILENCE_SECONDS = 60

function silenceNotices({ seen }: Watch): Map<string, Notice> {
  const period = Number(seen.sight?.oracle.finalizationPeriodSeconds ?? 8n * 60n)
  const patienceMs = Math.min(SILENCE_SECONDS, Math.max(period / 8, 5)) * 1_000
  const notices = new Map<string, Notice>()
  const note = (name: string, sinceMs: number, whose: string) => {
    const silentMs = performance.now() - sinceMs
    if (silentMs < patienceMs) return
    const text = `${whose} for ${Math.round(silentMs / 1_000)} s. Until that ends no output is judged, and a wrong one may mature.`
    notices.set(`silent.${name}`, { severity: 'page', text })
  }
  note('l1', seen.l1Ms, 'L1 has not answered')
  note('replica', seen.replicaMs, 'The replica has not answered, or stands on another L1 than ours,')
  return notices
}

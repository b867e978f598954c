import { type Address, decodeFunctionData, type Hash, isAddressEqual } from 'viem'
import { relayHash, relayOf } from '../../bridge/message.ts'
import { withdrawalHash } from '../../bridge/withdrawal.ts'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import type { Outbox } from '../runtime/outbox.ts'
import type { OutboxEntry } from '../runtime/store.ts'
import { callsIn } from './batch.ts'

/*
 * Which steps of which messages are on their way is read from the transactions themselves: the outbox keeps every one that was ever
 * signed, and each is decoded once. So there is no second list that could part from what is sent.
 */

/** One step of one message. A relay is named by the messengers' hash. */
export type StepName = `${'prove' | 'finalise' | 'replay'}:${Hash}`

/** The contracts that bring messages on, on the chain of one outbox. */
export type StepTargets = { messenger: Address; portal?: Address; multicall?: Address | undefined }

export type Steps = {
  /** Reads what the outbox has taken since. */
  refresh(): void
  /** Whether a transaction that carries the step is signed and not settled. */
  isPending(step: StepName): boolean
  /** Whether the block `missingAt`, which lacks the step's effect, is too early to judge a transaction that carries it. */
  isUnderWay(step: StepName, missingAt: bigint): boolean
  /** Transactions that carried the step. */
  count(step: StepName): number
  /** Whether the newest of them carried others too. */
  wasShared(step: StepName): boolean
}

export function readSteps(outbox: Pick<Outbox, 'entries' | 'lookup'>, targets: StepTargets): Steps {
  const read = new Set<string>()
  const carriers = new Map<StepName, { key: string; shared: boolean }[]>()
  const entriesOf = (step: StepName) =>
    (carriers.get(step) ?? [])
      .map(({ key, shared }) => ({ entry: outbox.lookup(key), shared }))
      .filter((carrier): carrier is { entry: OutboxEntry; shared: boolean } => carrier.entry !== undefined)
  const refresh = () => {
    for (const entry of outbox.entries()) {
      if (read.has(entry.key)) continue
      read.add(entry.key)
      const steps = stepsIn(entry, targets)
      for (const step of steps) {
        carriers.set(step, [...(carriers.get(step) ?? []), { key: entry.key, shared: steps.length > 1 }])
      }
    }
  }
  refresh()
  return {
    refresh,
    isPending: (step) => entriesOf(step).some(({ entry }) => entry.settled === undefined),
    isUnderWay: (step, missingAt) =>
      entriesOf(step).some(
        ({ entry: { settled } }) =>
          settled === undefined || (settled.status === 'success' && settled.blockNumber > missingAt),
      ),
    count: (step) => entriesOf(step).length,
    wasShared: (step) => {
      const byNonce = entriesOf(step).toSorted((a, b) => a.entry.nonce - b.entry.nonce)
      return byNonce.at(-1)?.shared ?? false
    },
  }
}

/** The steps that a transaction carries. */
export function stepsIn({ to, data }: Pick<OutboxEntry, 'to' | 'data'>, targets: StepTargets): StepName[] {
  if (to === null) return []
  const steps = callsIn({ to, data }, targets.multicall).map((call): StepName | undefined => {
    if (targets.portal !== undefined && isAddressEqual(call.to, targets.portal)) return portalStep(call.data)
    if (!isAddressEqual(call.to, targets.messenger)) return undefined
    const relay = relayOf(call.data)
    return relay === undefined ? undefined : `replay:${relayHash(relay)}`
  })
  return steps.filter((step) => step !== undefined)
}

function portalStep(data: OutboxEntry['data']): StepName | undefined {
  const { functionName, args } = decodeFunctionData({ abi: optimismPortalAbi, data })
  if (functionName === 'proveWithdrawalTransaction') return `prove:${withdrawalHash(args[0])}`
  if (functionName === 'finalizeWithdrawalTransaction') return `finalise:${withdrawalHash(args[0])}`
  return undefined
}

import type { PublicClient } from 'viem'
import { allDone } from '../../chain/allDone.ts'
import type { Log } from '../runtime/log.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { attestDays } from './attest.ts'
import {
  answered,
  type Contracts,
  firstMissingDay,
  type NetworkView,
  readNetwork,
  readNextPoke,
} from './chain.ts'
import type { Days } from './days.ts'
import { CallRefusedError, TransactionRevertedError } from './errors.ts'
import { overDays } from './gather.ts'
import { domainOf, isSigner } from './node.ts'
import type { OpenNode } from './openNodes.ts'
import { maxDays } from './peers/messages.ts'
import type { Plan } from './plan.ts'
import { pokeDays } from './poke.ts'
import type { PoolRows } from './pools/poolRows.ts'
import type { Sight } from './sight.ts'
import { leads, turnAt } from './turns.ts'

export type WorkParameters = {
  client: PublicClient
  chainId: number
  contracts: Contracts
  network: number
  indices: readonly { id: number; name: string }[]
  nodes: readonly OpenNode[]
  days: Days
  rows: Pick<PoolRows, 'watch'>
  sight: Sight
  /** Absent in a process that only looks on. */
  outbox: Outbox | undefined
  /** What such a process says instead. */
  plan: Plan
  log: Log
}

/** What one round of work saw, after it did its work. */
export type Progress = NetworkView & {
  lastSourceDay: number | undefined
  indices: readonly { id: number; name: string; nextDay: number }[]
  /** How many of this process's nodes are signers now. */
  signing: number
  payerWei: bigint
  /** The recorded history is at its end and every day of it has arrived everywhere. */
  exhausted: boolean
}

/**
 * One round of work: close what is over, agree with the peers on what the chain lacks, let the ledger take what is final. The chain is
 * asked first.
 */
export async function work(parameters: WorkParameters): Promise<Progress> {
  const { client, nodes, days, rows, outbox, sight } = parameters
  const view = await look(parameters)
  const lastSourceDay = await days.closeUntil(view.epoch - 1, maxDays)
  rows.watch(overDays(view, lastSourceDay))
  for (const { disagreements } of nodes) await disagreements.judgeLate()

  await allDone(nodes.map((node) => attestMissing(parameters, node, { view, lastSourceDay })))
  const after = await look(parameters)
  sight.see(after)
  const indices = await pokeAll(parameters, after)
  const payerWei = outbox === undefined ? 0n : await answered(client.getBalance({ address: outbox.address }))

  const over = after.epoch - 1
  const arrived =
    lastSourceDay !== undefined &&
    after.lastFinalDay !== undefined &&
    after.lastFinalDay >= lastSourceDay &&
    indices.every(({ nextDay }) => nextDay > lastSourceDay)
  const exhausted = days.ended() && arrived && lastSourceDay < over
  const signing = nodes.filter((node) => isSigner(node, after)).length
  return { ...after, lastSourceDay, indices, signing, payerWei, exhausted }
}

async function look({ client, chainId, contracts, network, sight }: WorkParameters): Promise<NetworkView> {
  const view = await readNetwork(client, { chainId, address: contracts.rewardIndex, network })
  sight.see(view)
  return view
}

type Seen = { view: NetworkView; lastSourceDay: number | undefined }

async function attestMissing(
  parameters: WorkParameters,
  node: OpenNode,
  { view, lastSourceDay }: Seen,
): Promise<void> {
  const { client, contracts, outbox, plan, log } = parameters
  const ballots = await node.gatherer.gather(view, lastSourceDay)
  if (outbox === undefined) return plan.show(node, view, ballots)
  if (ballots.length === 0) return
  const { rewardIndex: address } = contracts
  const domain = domainOf(node, view)
  await attestDays(client, ballots, { address, domain, quorum: view.quorum, outbox, log }).catch(
    async (error: unknown) => {
      if (!(await wasBeaten(parameters, view, error))) throw error
      log.info({ day: firstMissingDay(view) }, 'relayer.day.faster-elsewhere')
    },
  )
}

/** Several nodes may send the same day: it counts once, and the others are refused or revert. */
async function wasBeaten(parameters: WorkParameters, before: NetworkView, error: unknown): Promise<boolean> {
  if (!(error instanceof CallRefusedError || error instanceof TransactionRevertedError)) return false
  return firstMissingDay(await look(parameters)) > firstMissingDay(before)
}

async function pokeAll(parameters: WorkParameters, view: NetworkView): Promise<Progress['indices']> {
  const { client, contracts, indices, nodes, outbox, log } = parameters
  const { ledger: address } = contracts
  const states: { id: number; name: string; nextDay: number }[] = []
  for (const { id, name } of indices) {
    const before = await readNextPoke(client, { address, index: id })
    const { attempt } = turnAt(view.clock, before, view.time)
    const isTurn = nodes.some(({ account }) => leads(view.signers, account.address, before, attempt))
    if (outbox !== undefined && isTurn && view.lastFinalDay !== undefined && before <= view.lastFinalDay) {
      const days = { nextDay: before, lastFinalDay: view.lastFinalDay, limit: maxDays }
      await pokeDays(client, { address, index: id, ...days, outbox, log }).catch(async (error: unknown) => {
        const isRefused = error instanceof CallRefusedError || error instanceof TransactionRevertedError
        if (!isRefused || (await readNextPoke(client, { address, index: id })) === before) throw error
        log.info({ index: id, day: before }, 'relayer.index.faster-elsewhere')
      })
    }
    states.push({ id, name, nextDay: await readNextPoke(client, { address, index: id }) })
  }
  return states
}

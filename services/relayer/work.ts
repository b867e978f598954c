import type { LocalAccount, PublicClient } from 'viem'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import type { Log } from '../runtime/log.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { attestDays, signingAccounts } from './attest.ts'
import { type Contracts, type NetworkView, readNetwork, readNextPoke } from './chain.ts'
import type { Days } from './days.ts'
import { openJournal } from './journal.ts'
import { pokeDays } from './poke.ts'
import type { RelayerStore } from './store.ts'

/** Days in one batch: a restart after a long time catches up in tens of days a second and still answers in between. */
const batchDays = 16

export type WorkParameters = {
  client: PublicClient
  chainId: number
  contracts: Contracts
  network: number
  indices: readonly { id: number; name: string }[]
  accounts: readonly LocalAccount[]
  days: Days
  store: RelayerStore
  outbox: Outbox
  log: Log
}

/** What one round saw, after it did its work. */
export type Progress = NetworkView & {
  lastSourceDay: number | undefined
  indices: readonly { id: number; name: string; nextDay: number }[]
  /** The recorded history is at its end and every day of it has arrived everywhere. */
  exhausted: boolean
}

/** One round: close what is over, attest what the chain lacks, let the ledger take what is final. The chain is asked first. */
export async function work(parameters: WorkParameters): Promise<Progress> {
  const { client, contracts, network, accounts, days } = parameters
  const view = await readNetwork(client, { address: contracts.rewardIndex, network })
  const signers = signingAccounts(accounts, view, network)
  const lastSourceDay = await days.closeUntil(view.epoch - 1, batchDays)

  await attestMissing({ ...parameters, accounts: signers }, view, lastSourceDay)
  const after = await readNetwork(client, { address: contracts.rewardIndex, network })
  const indices = await pokeAll(parameters, after.lastFinalDay)

  const over = after.epoch - 1
  const arrived =
    lastSourceDay !== undefined &&
    after.lastFinalDay !== undefined &&
    after.lastFinalDay >= lastSourceDay &&
    indices.every(({ nextDay }) => nextDay > lastSourceDay)
  const exhausted = days.ended() && arrived && lastSourceDay < over
  return { ...after, lastSourceDay, indices, exhausted }
}

async function attestMissing(
  parameters: WorkParameters,
  view: NetworkView,
  lastSourceDay: number | undefined,
): Promise<void> {
  const { client, chainId, contracts, network, accounts, days, store, outbox, log } = parameters
  const first = (view.lastAttestedDay ?? view.firstDay - 1) + 1
  const last = Math.min(lastSourceDay ?? 0, view.epoch - 1, first + batchDays - 1)
  if (last < first) return
  const missing: DayTotals[] = []
  for (let day = first; day <= last; day++) {
    const totals = await days.totals(day)
    if (totals === undefined) break
    missing.push(totals)
  }
  const journal = openJournal({ store, accounts })
  const { rewardIndex: address } = contracts
  await attestDays(client, missing, { chainId, address, network, view, journal, outbox, log })
}

async function pokeAll(
  { client, contracts, indices, outbox, log }: WorkParameters,
  lastFinalDay: number | undefined,
): Promise<Progress['indices']> {
  const { ledger: address } = contracts
  const states: { id: number; name: string; nextDay: number }[] = []
  for (const { id, name } of indices) {
    const nextDay = await readNextPoke(client, { address, index: id })
    if (lastFinalDay !== undefined) {
      await pokeDays(client, { address, index: id, nextDay, lastFinalDay, limit: batchDays, outbox, log })
    }
    states.push({ id, name, nextDay: await readNextPoke(client, { address, index: id }) })
  }
  return states
}

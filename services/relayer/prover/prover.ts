import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { confirmations } from '../../../oracle/sources/blockSource.ts'
import type { Log } from '../../runtime/log.ts'
import type { Days } from '../days.ts'
import { proveCoinbases } from './coinbases.ts'
import { addHeaders, type HeadersParameters } from './headers.ts'
import type { RelayState } from './relay.ts'

/** How many days headers may be ahead of what is proven of them. */
const daysAhead = 8

export type ProverParameters = HeadersParameters & {
  days: Pick<Days, 'totals'>
  /** Whether this process, and no other, is to prove a day now. */
  isTurn(day: number): boolean
  log: Log
}

/** Brings the headers of all days that the source shows whole, and of the blocks that bury them, some days ahead of the next one. */
export async function proveHeaders(parameters: ProverParameters): Promise<void> {
  const state = await parameters.relay.state()
  if (!parameters.isTurn(state.nextDay)) return
  let newest: DayTotals | undefined
  for (let day = state.nextDay; day < state.nextDay + daysAhead; day++) {
    const totals = await parameters.days.totals(day)
    if (totals === undefined) break
    newest = totals
  }
  if (newest !== undefined) await addHeaders(parameters, state, buriedAt(newest))
}

/**
 * Proves the coinbases of the next day and closes it, once its headers are there. The relay is asked what it lacks, so this goes on
 * wherever it was cut off, or somebody else has come to. Answers what the relay said at first.
 */
export async function proveDay(parameters: ProverParameters): Promise<RelayState> {
  const { relay, days, isTurn, send, log } = parameters
  const state = await relay.state()
  const totals = await days.totals(state.nextDay)
  if (totals === undefined || !isTurn(state.nextDay) || state.best.height < buriedAt(totals)) return state

  const { day, blocks, lastHash, medianFee } = totals
  const medians = { medianFee, previousMedianFee: state.lastMedianFee }
  if (blocks > 0) await proveCoinbases(parameters, totals, medians)
  await send({
    key: `close/${day}/${lastHash}`,
    functionName: 'closeDay',
    args: [day, lastHash, medianFee],
  })
  log.info({ day, blocks, lastHash }, 'relayer.day.proven')
  return state
}

const buriedAt = ({ lastHeight }: DayTotals): number => lastHeight + confirmations

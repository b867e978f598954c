import { dayToDate } from '../../oracle/block.ts'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import { rewardIndex } from '../../oracle/rewardIndex.ts'

/** One closed day as JSON: amounts as decimal strings, since a JSON number would lose digits. */
export function dayAnswer(totals: DayTotals, unitWork: bigint) {
  const { day, blocks, firstHeight, lastHeight, lastHash } = totals
  const index = rewardIndex(totals, unitWork)
  return {
    ...{ day, date: dayToDate(day), blocks, firstHeight, lastHeight, lastHash },
    /** A day without blocks shows the totals of the closed day before it. */
    carried: blocks === 0,
    work: totals.work.toString(),
    subsidySats: totals.subsidy.toString(),
    feesSats: totals.fees.toString(),
    cappedFeesSats: totals.cappedFees.toString(),
    medianFeeSats: totals.medianFee.toString(),
    feeCapSats: totals.feeCap.toString(),
    unitWork: unitWork.toString(),
    /** Satoshi * 1e18 per unit and day, each component floored. */
    index: {
      subsidy: index.subsidy.toString(),
      fees: index.fees.toString(),
      cappedFees: index.cappedFees.toString(),
      total: (index.subsidy + index.fees).toString(),
      cappedTotal: (index.subsidy + index.cappedFees).toString(),
    },
  }
}

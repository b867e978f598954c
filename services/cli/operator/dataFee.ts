// What L2 charges for the data of a transaction on L1, since the fork Fjord. A transaction's size is estimated as if it were compressed; its bytes cost
// scalar · 16 · base fee of L1 (calldata) plus scalar · blob base fee of L1 (blobs), and both scalars are millionths. GasPriceOracle has the same formula for
// the scalars in force; here it is for others too.

import type { FeeScalars } from '../../../chain/deploy/config.ts'

/** Wei for a unit of gas, and for one of blob gas. */
export type L1Prices = { baseFeeWei: bigint; blobBaseFeeWei: bigint }

const MILLIONTHS = 1_000_000n
const GAS_PER_BYTE = 16n

/** The least that is charged for, which most transfers are below. */
export const transferBytes = 100
/** A trade: four or five words and a signature hardly compress. */
export const tradeBytes = 300

/** Wei for a transaction that compresses to so many bytes, rounded down as L2 does. */
export function dataFeeWei(bytes: number, scalars: FeeScalars, prices: L1Prices): bigint {
  const calldata = BigInt(scalars.baseFee) * GAS_PER_BYTE * prices.baseFeeWei
  const blobs = BigInt(scalars.blobBaseFee) * prices.blobBaseFeeWei
  return (BigInt(bytes) * (calldata + blobs)) / MILLIONTHS
}

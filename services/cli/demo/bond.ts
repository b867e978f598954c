const daysPerYear = 365n

export type BondParameters = {
  /** Index value that the interval is expected to earn. */
  par: bigint
  days: number
  /** What the bond pays on top of par in a year, if the interval earns that. */
  ratePercent: bigint
  tick: bigint
  /** The most that the interval can earn, in ticks. */
  topTicks: bigint
}

/** Where a LONG is cut into a bond [0,K) and an equity [K,MAX): K = par · (1 + rate · days/365), in whole ticks inside the box. */
export function bondStrikeTicks({ par, days, ratePercent, tick, topTicks }: BondParameters): bigint {
  const year = 100n * daysPerYear
  const strike = (par * (year + ratePercent * BigInt(days))) / (year * tick)
  if (strike < 1n) return 1n
  return strike < topTicks ? strike : topTicks - 1n
}

/** `part` of `whole` for people, with one decimal: 103.1 %. */
export function percentDown(part: bigint, whole: bigint): string {
  const perMille = (part * 1_000n) / whole
  return `${perMille / 10n}.${perMille % 10n} %`
}

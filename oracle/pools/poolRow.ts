export const pools = [
  'antpool',
  'braiins',
  'ckpool',
  'f2pool',
  'foundry',
  'luxor',
  'ocean',
  'viabtc',
] as const

export type Pool = (typeof pools)[number]

/** How a pool credits. MIXED is a day on which an account was credited under several. */
export type Scheme = 'PPS' | 'FPPS' | 'PPS+' | 'PPLNS' | 'TIDES' | 'SOLO' | 'MIXED'

/** What a pool published of one account and day. Undefined is not published, which is never zero. */
export type PoolRow = {
  pool: Pool
  /** UTC day number, by the pool's own rule of days. */
  day: number
  scheme: Scheme
  /** H/s credited, averaged over the day, floored. */
  hashrate: bigint | undefined
  /** Satoshi credited, after the pool's fee, floored once. */
  reward: bigint | undefined
  /** Satoshi * 1e18 per PH/s and day, floored. Undefined where the hashrate or the reward is, or where no hashrate earned. */
  rewardPerUnit: bigint | undefined
  /** The pool's fee, * 1e18. */
  feeRate: bigint | undefined
  /** Whether the credit can no longer be taken back: PPS at its settlement, a share of blocks when these have matured. */
  settled: boolean
}

export type PublishedDay = Omit<PoolRow, 'rewardPerUnit' | 'feeRate'> & { feeRate?: bigint | undefined }

const hashesPerUnit = 10n ** 15n
const scale = 10n ** 18n

export function poolRow({ feeRate, ...published }: PublishedDay): PoolRow {
  const { hashrate, reward } = published
  return { ...published, feeRate, rewardPerUnit: rewardPerUnitDown(reward, hashrate) }
}

function rewardPerUnitDown(reward: bigint | undefined, hashrate: bigint | undefined): bigint | undefined {
  if (reward === undefined || hashrate === undefined || hashrate === 0n) return undefined
  return (reward * hashesPerUnit * scale) / hashrate
}

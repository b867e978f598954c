// How long the steps of a message take, decided from numbers of both chains. Seconds count from L1's newest block, by L1's clock: whoever wants
// a time of day adds them to that block's. `least` is what the contracts make one wait, `expected` what it takes with everybody at work.

/** When a step is over. */
export type Wait = { leastSeconds: number; expectedSeconds: number }

export type BlockTimes = { l1BlockSeconds: number; l2BlockSeconds: number }

/** What a service of the operator takes from seeing something to having sent its transaction. */
const SERVICE_SECONDS = 10

/** A transaction that is sent now may just miss a block. */
const BLOCKS_TO_BE_MINED = 2

export type DepositTiming = BlockTimes & {
  /** How far the L1 block that L2 knows of is behind L1's newest. */
  originLagSeconds: number
}

/** `sent`: the deposit is in an L1 block. `arrived`: L2 has executed it. */
export function depositWaits({ l1BlockSeconds, l2BlockSeconds, originLagSeconds }: DepositTiming): {
  sent: Wait
  arrived: Wait
} {
  const sent = minedAfter({ leastSeconds: 0, expectedSeconds: 0 }, l1BlockSeconds)
  const known = originLagSeconds + l1BlockSeconds + 2 * l2BlockSeconds + SERVICE_SECONDS
  return {
    sent,
    arrived: {
      leastSeconds: sent.leastSeconds,
      expectedSeconds: Math.ceil(sent.expectedSeconds + known),
    },
  }
}

export type WithdrawalTiming = BlockTimes & {
  l1Time: bigint
  /** The newest block of L2, and how far behind it the newest is that may be proposed. */
  l2Head: bigint
  safeLagSeconds: number
  /** Of the oracle of outputs. */
  nextOutputBlock: bigint
  submissionInterval: bigint
  startingBlock: bigint
  startingTime: bigint
  l2BlockTime: bigint
  finalizationPeriodSeconds: number
  /** When the withdrawal reaches L2, where that is not now: through L1. */
  begins: Wait
}

export type WithdrawalWaits = { initiated: Wait; covered: Wait; proven: Wait; finalised: Wait }

export function withdrawalWaits(facts: WithdrawalTiming): WithdrawalWaits {
  const { l1BlockSeconds, l2BlockSeconds, finalizationPeriodSeconds: period, begins } = facts
  const initiated = minedAfter(later(begins, l1BlockSeconds), l2BlockSeconds)
  const covered = coveredAfter(facts, initiated)
  const proven = servedAfter(covered, l1BlockSeconds)
  // The block that finalises has to be younger than the proof by more than the period.
  const mature = {
    leastSeconds: proven.leastSeconds + period + 1,
    expectedSeconds: proven.expectedSeconds + period + 1,
  }
  return { initiated, covered, proven, finalised: servedAfter(mature, l1BlockSeconds) }
}

function coveredAfter(facts: WithdrawalTiming, initiated: Wait): Wait {
  const { l2Head, l2BlockSeconds, safeLagSeconds, l1BlockSeconds } = facts
  const latest = l2Head + BigInt(Math.ceil(initiated.expectedSeconds / l2BlockSeconds)) + 1n
  const covering = coveringBlock(facts, latest)
  const reached = Number(covering - l2Head) * l2BlockSeconds + safeLagSeconds + l1BlockSeconds
  const scheduled = scheduledAfter(facts, covering)
  return {
    leastSeconds: Math.max(initiated.leastSeconds, scheduledAfter(facts, coveringBlock(facts, l2Head + 1n))),
    expectedSeconds: servedAfter(
      { leastSeconds: 0, expectedSeconds: Math.max(reached, scheduled) },
      l1BlockSeconds,
    ).expectedSeconds,
  }
}

/** The first L2 block with an output at or above `block`. */
export function coveringBlock(
  { nextOutputBlock, submissionInterval }: Pick<WithdrawalTiming, 'nextOutputBlock' | 'submissionInterval'>,
  block: bigint,
): bigint {
  if (block <= nextOutputBlock) return nextOutputBlock
  const outputs = (block - nextOutputBlock + submissionInterval - 1n) / submissionInterval
  return nextOutputBlock + outputs * submissionInterval
}

/** How long the oracle refuses an output for an L2 block: until its time by the schedule has passed on L1. */
function scheduledAfter(
  { l1Time, startingTime, startingBlock, l2BlockTime }: WithdrawalTiming,
  block: bigint,
): number {
  return Math.max(0, Number(startingTime + (block - startingBlock) * l2BlockTime + 1n - l1Time))
}

/** Now is up to a block after L1's newest. */
function later(start: Wait, l1BlockSeconds: number): Wait {
  return { ...start, expectedSeconds: start.expectedSeconds + l1BlockSeconds }
}

function minedAfter(start: Wait, blockSeconds: number): Wait {
  return {
    leastSeconds: start.leastSeconds,
    expectedSeconds: Math.ceil(start.expectedSeconds + BLOCKS_TO_BE_MINED * blockSeconds),
  }
}

function servedAfter(start: Wait, blockSeconds: number): Wait {
  const mined = minedAfter(start, blockSeconds)
  return { ...mined, expectedSeconds: mined.expectedSeconds + SERVICE_SECONDS }
}

// Messages that could not be brought on wait, each longer than the time before, so that a hostile one costs bounded work.

export type Hold = {
  /** How often it was tried. */
  tries: number
  /** The first block at which it is tried again. */
  until: bigint
  /** Absent where the last try is still on its way. */
  reason: string | undefined
  /** Whether it was tried so often that it is only looked at now and then. */
  quarantined: boolean
}

/** Tries after which a message is quarantined. */
export const quarantineTries = 6
/** Blocks between two looks at a message in quarantine: an hour of Ethereum. */
const quarantineBlocks = 300n

/** What follows from one more try at `block`. */
export function heldAfter(tries: number, block: bigint, reason: string | undefined): Hold {
  const quarantined = tries >= quarantineTries
  const pause = quarantined ? quarantineBlocks : 1n << BigInt(Math.max(tries - 1, 0))
  return { tries, until: block + pause, reason, quarantined }
}

export function isHeld(hold: Hold | undefined, block: bigint): boolean {
  return hold !== undefined && block < hold.until
}

/** What the system says of a disk without room, or of an owner who has used up its share of it. */
const codes: readonly unknown[] = ['ENOSPC', 'EDQUOT']
/** LevelDB has one code for all that the system refuses; which it was stands at the end, in the C library's words. */
const words = /: (No space left on device|Disk quota exceeded)$/

/** Whether something failed for want of room on a disk, somewhere among its causes. A disk that is broken or may only be read is another matter. */
export function isDiskFull(error: unknown): error is Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!('code' in cause)) continue
    if (codes.includes(cause.code) || (cause.code === 'LEVEL_IO_ERROR' && words.test(cause.message)))
      return true
  }
  return false
}

/** Whether LevelDB said this of itself, somewhere among the causes. */
export function hasLevelCode(error: unknown, code: 'LEVEL_LOCKED' | 'LEVEL_CORRUPTION'): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === code) return true
  }
  return false
}

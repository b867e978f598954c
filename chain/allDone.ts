/** Waits for all of them, also when one fails: nothing is still under way when this has ended, and the first failure is thrown. */
export async function allDone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

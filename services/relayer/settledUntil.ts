export type SettledUntilParameters = {
  patienceMs: number
  /** Asked whenever one is done. */
  enough: () => boolean
  /** A failure after the waiting was over: nobody else hears of it. */
  onLate: (error: unknown) => void
}

/** Waits for all tasks, but not longer than patience lasts or than it needs to have enough. The first failure until then is thrown. */
export function settledUntil(
  tasks: readonly Promise<void>[],
  { patienceMs, enough, onLate }: SettledUntilParameters,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let [left, isOver] = [tasks.length, false]
    const end = (finish: () => void) => {
      clearTimeout(timer)
      isOver = true
      finish()
    }
    const timer = setTimeout(() => end(resolve), patienceMs)
    if (left === 0) end(resolve)
    for (const task of tasks) {
      task.then(
        () => {
          left -= 1
          if (!isOver && (left === 0 || enough())) end(resolve)
        },
        (error: unknown) => (isOver ? onLate(error) : end(() => reject(error))),
      )
    }
  })
}

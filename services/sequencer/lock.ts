/**
 * Many readers or one writer. A waiting writer goes before later readers, so a stream of requests can't hold it up.
 */
export type ReadWriteLock = {
  read<T>(task: () => Promise<T>): Promise<T>
  write<T>(task: () => Promise<T>): Promise<T>
}

export function readWriteLock(): ReadWriteLock {
  let readers = 0
  let writing = false
  const waitingWriters: (() => void)[] = []
  const waitingReaders: (() => void)[] = []

  const wake = () => {
    if (writing) return
    if (readers === 0) {
      const writer = waitingWriters.shift()
      if (writer !== undefined) {
        writing = true
        return writer()
      }
    }
    if (waitingWriters.length > 0) return
    for (const reader of waitingReaders.splice(0)) {
      readers += 1
      reader()
    }
  }
  const acquire = (queue: (() => void)[]) =>
    new Promise<void>((resolve) => {
      queue.push(resolve)
      wake()
    })

  return {
    read: async (task) => {
      await acquire(waitingReaders)
      try {
        return await task()
      } finally {
        readers -= 1
        wake()
      }
    },
    write: async (task) => {
      await acquire(waitingWriters)
      try {
        return await task()
      } finally {
        writing = false
        wake()
      }
    },
  }
}

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { WorkerEndedError } from './errors.ts'
import type { Mutant } from './mutants.ts'

export type Task = {
  mutant: Mutant
  /** The test that found it in an earlier run, of other sources perhaps. */
  expected: string | undefined
  /** How many stages of tests it goes through. */
  stages: number
}

export type Outcome = {
  /** `invalid` does not compile; `same` compiles to the code of the original. Neither is counted. */
  verdict: 'killed' | 'survived' | 'invalid' | 'same'
  /** The test that failed, or why it is not counted. */
  by: string
}

export type Result = Outcome & { id: string; ms: number }

export type PoolParameters = {
  mutants: readonly Mutant[]
  /** A copy of the project for each worker. */
  roots: readonly string[]
  files: readonly string[]
  taskOf: (mutant: Mutant) => Task
  onResult: (result: Result) => void
}

/** Tests the mutants in their order, each by the next worker that is free. */
export async function runPool({ mutants, roots, files, taskOf, onResult }: PoolParameters): Promise<void> {
  const waiting = mutants.map(taskOf)
  const workers = roots.map((root) => fork(join(import.meta.dirname, 'worker.ts'), [root, ...files]))
  try {
    await Promise.all(workers.map((worker) => serve(worker, waiting, onResult)))
  } finally {
    for (const worker of workers) worker.kill()
  }
}

function serve(worker: ChildProcess, waiting: Task[], onResult: (result: Result) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('exit', (code) => reject(new WorkerEndedError(code)))
    worker.once('error', reject)
    worker.on('message', (message: 'ready' | Result) => {
      if (message !== 'ready') onResult(message)
      const task = waiting.shift()
      if (task === undefined) return resolve()
      worker.send(task)
    })
  })
}

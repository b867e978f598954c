import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError } from '../../errors.ts'
import { ComponentFailedError } from './errors.ts'

/** One life of a component: a process, or what stands for it. */
export type Life = { readonly ended: Promise<string>; stop(): Promise<void> }

export type SuperviseParameters = {
  name: string
  logFile: string
  start: () => Promise<Life>
  /** Called when it had ended by itself and lives again. */
  onRevived?: (how: string) => void
  limits?: SuperviseLimits
}

/** `calmMs`: a component that ran this long has recovered, its earlier ends count no more. */
export type SuperviseLimits = { restarts: number; firstPauseMs: number; calmMs: number }

export type Supervised = {
  /** Resolves when it could not be kept alive. */
  readonly failed: Promise<BaseError>
  /** Ends this life and begins the next, unless it is paused. */
  restart(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

const usualLimits: SuperviseLimits = { restarts: 6, firstPauseMs: 250, calmMs: 120_000 }

/** Starts a component and, whenever it ends by itself, starts it again after a pause that doubles each time. */
export async function supervise(parameters: SuperviseParameters): Promise<Supervised> {
  const { name, logFile, start, onRevived, limits = usualLimits } = parameters
  const abort = new AbortController()
  let fail: (error: BaseError) => void = () => {}
  const failed = new Promise<BaseError>((resolve) => {
    fail = resolve
  })
  let life: Life | undefined
  let restarts = 0
  /** Starts and stops happen one after the other. */
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work)
    queue = turn.catch(() => {})
    return turn
  }

  async function begin(): Promise<void> {
    const born = await start()
    const beganMs = Date.now()
    life = born
    born.ended.then((how) => {
      // Stopped by us: nobody lives here now, or already the next one.
      if (life !== born) return
      if (Date.now() - beganMs > limits.calmMs) restarts = 0
      inTurn(() => revive(born, how)).catch((error: unknown) =>
        fail(failureOf(name, restarts, logFile, error)),
      )
    })
  }

  async function revive(dead: Life, how: string): Promise<void> {
    let reason = how
    // What stands for it may have more parts than the one that ended.
    await dead.stop()
    while (life === dead && !abort.signal.aborted) {
      if (restarts >= limits.restarts) throw new ComponentFailedError(name, restarts, reason, logFile)
      await sleep(limits.firstPauseMs * 2 ** restarts++, undefined, { signal: abort.signal }).catch(() => {})
      if (abort.signal.aborted) return
      try {
        await begin()
        onRevived?.(how)
      } catch (error) {
        if (!(error instanceof BaseError)) throw error
        reason = error.message
      }
    }
  }

  async function end(): Promise<void> {
    const ending = life
    life = undefined
    await ending?.stop()
  }

  async function resume(): Promise<void> {
    if (life !== undefined || abort.signal.aborted) return
    try {
      await begin()
    } catch (error) {
      fail(failureOf(name, restarts, logFile, error))
    }
  }

  await begin()
  return {
    failed,
    restart: () => inTurn(async () => (life === undefined ? undefined : end().then(resume))),
    pause: () => inTurn(end),
    resume: () => inTurn(resume),
    stop: () => {
      abort.abort()
      return inTurn(end)
    },
  }
}

function failureOf(name: string, restarts: number, logFile: string, error: unknown): BaseError {
  return error instanceof BaseError ? error : new ComponentFailedError(name, restarts, String(error), logFile)
}

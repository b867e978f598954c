import type { BaseError } from '../../errors.ts'
import type { EngineEvent } from '../engine.ts'
import { type Life, type Supervised, supervise } from './supervise.ts'

export type KeeperParameters = {
  logOf: (component: string) => string
  onProgress?: (step: string) => void
  onEvent?: (event: EngineEvent) => void
}

export type Keeper = {
  /** What `stop` ends, newest first. */
  readonly stops: (() => Promise<void>)[]
  /** One for each part, resolved when it could not be kept alive. */
  readonly failures: Promise<BaseError>[]
  keep(component: string, start: () => Promise<Life>, afterRevival?: () => void): Promise<Supervised>
  stop(): Promise<void>
}

/** Components under supervision, in the order of their start. */
export function openKeeper({ logOf, onProgress, onEvent }: KeeperParameters): Keeper {
  const stops: (() => Promise<void>)[] = []
  const failures: Promise<BaseError>[] = []
  return {
    stops,
    failures,
    stop: async () => {
      for (const end of stops.splice(0).reverse()) await end()
    },
    keep: async (component, start, afterRevival) => {
      onProgress?.(`${component}: starting`)
      const onRevived = (how: string) => {
        const detail = `It had ended: ${how}. It runs again.`
        onEvent?.({ severity: 'alert', what: 'component-restarted', component, detail })
        afterRevival?.()
      }
      const supervised = await supervise({ name: component, logFile: logOf(component), start, onRevived })
      stops.push(() => supervised.stop())
      failures.push(supervised.failed)
      return supervised
    },
  }
}

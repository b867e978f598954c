import type { RequestListener } from 'node:http'
import { type Served, serve } from '../runtime/http.ts'
import type { Log } from '../runtime/log.ts'
import { createApp } from './app.ts'
import { createAsideApp } from './asideApp.ts'
import type { Backups } from './backupRoutes.ts'
import { createClosedFront } from './front.ts'
import { createRegistry, type Seen } from './metrics.ts'
import type { Shared } from './status.ts'

// Both ports, for as long as the process lives: behind them the service may be at work, stand aside, and be at work again.

export type DeskParameters = {
  log: Log
  /** Of operators, on loopback. */
  port: number
  /** Where users ask L2; absent where others serve it. */
  frontPort: { port: number; host: string } | undefined
}

export type Desk = {
  /** What answers from now on. */
  work(parts: { shared: Shared; backups: Backups; front: RequestListener | undefined }): void
  /** Answers this reason from now on, to operators and users. */
  standAside(reason: string): void
  /** Listens, unless it does. Throws PortInUseError. */
  listen(): Promise<{ front: Served | undefined; admin: Served }>
  close(): Promise<void>
}

export function createDesk({ log, port, frontPort }: DeskParameters): Desk {
  const seen: Seen = { shared: undefined, aside: undefined }
  const registry = createRegistry(seen)
  const shown: { admin: RequestListener; front: RequestListener | undefined } = {
    admin: createAsideApp({ reason: 'The sequencer is starting. Ask again.', registry }),
    front: undefined,
  }
  let served: ReturnType<Desk['listen']> | undefined

  const open = async () => ({
    front:
      frontPort &&
      (await serve({
        app: (request, response) => shown.front?.(request, response),
        ...frontPort,
        purpose: 'the L2 RPC',
      })),
    admin: await serve({
      app: (request, response) => shown.admin(request, response),
      port,
      purpose: 'the sequencer',
    }),
  })

  return {
    work: ({ shared, backups, front }) => {
      Object.assign(seen, { shared, aside: undefined })
      Object.assign(shown, { admin: createApp({ shared, registry, backups }), front })
    },
    standAside: (reason) => {
      Object.assign(seen, { shared: undefined, aside: reason })
      const front = createClosedFront(log, reason)
      Object.assign(shown, { admin: createAsideApp({ reason, registry }), front })
    },
    listen: () => {
      served ??= open()
      return served
    },
    close: async () => {
      const opened = await served
      await Promise.all([opened?.front?.close(), opened?.admin.close()])
    },
  }
}

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PortInUseError } from './errors.ts'

export type ServeParameters = {
  app: RequestListener
  port: number
  /** Loopback unless said otherwise. */
  host?: string
  purpose: string
}

export type Served = { url: string; server: Server; close: () => Promise<void> }

/** Listens, or fails with PortInUseError. `close` ends idle connections and waits for answers under way. */
export async function serve({ app, port, host = '127.0.0.1', purpose }: ServeParameters): Promise<Served> {
  const server = createServer(app)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(port, purpose, error) : error),
    )
    server.listen(port, host, resolve)
  })
  // Safe: a server that listens on TCP has an AddressInfo.
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host}:${bound}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 2_000).unref()
      }),
  }
}

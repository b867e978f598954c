import type { RequestListener } from 'node:http'
import { BaseError } from '../../../chain/errors.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { type Served, serve } from '../../runtime/http.ts'
import { fieldsOf, isReady, lookAtReplica } from './look.ts'

export type HealthParameters = {
  port: number
  folder: string
  manifest: Manifest
  urls: Parameters<typeof lookAtReplica>[1]
}

/** `/healthz` is alive, `/readyz` is near enough to L1 to be asked. */
export function serveHealth({ port, folder, manifest, urls }: HealthParameters): Promise<Served> {
  const answer: RequestListener = async (request, response) => {
    const say = (code: number, body: object): void => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (request.url === '/healthz') return say(200, { ok: true })
    if (request.url !== '/readyz') return say(404, { detail: 'There are /healthz and /readyz.' })
    try {
      const status = await lookAtReplica(folder, urls)
      const ready = isReady(status, manifest)
      say(ready ? 200 : 503, { ready, ...fieldsOf(manifest, status) })
    } catch (error) {
      // A bug is for the process that asks too: here it only has to be told.
      say(503, { ready: false, reason: error instanceof BaseError ? error.message : String(error) })
    }
  }
  return serve({ app: answer, port, purpose: "the replica's health" })
}

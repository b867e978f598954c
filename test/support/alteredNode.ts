import { createServer, type Server } from 'node:http'
import { freePort } from '../bridge/anvilNode.ts'

export type Reply = { method: string; params: readonly unknown[]; result: unknown }

export type AlteredNode = { url: string; close(): Promise<void> }

/** An answer that says why there is none. */
function isRefusal(result: unknown): result is { error: { code: number; message: string } } {
  return typeof result === 'object' && result !== null && 'error' in result
}

/** A real node, but for what `change` makes of its answers; undefined breaks the connection, `{ error }` refuses. */
export async function alteredNode(nodeUrl: string, change: (reply: Reply) => unknown): Promise<AlteredNode> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks).toString()
    // Safe: viem asks one thing in a body here, as JSON-RPC has it.
    const { id, method, params = [] } = JSON.parse(body) as { id: number; method: string; params?: unknown[] }
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(nodeUrl, { method: 'POST', headers, body }).catch(() => undefined)
    if (answer === undefined) return void request.socket.destroy()
    const reply = (await answer.json()) as { result?: unknown }
    if (!('result' in reply)) return void response.end(JSON.stringify(reply))
    const result = change({ method, params, result: reply.result })
    if (result === undefined) request.socket.destroy()
    else if (isRefusal(result)) response.end(JSON.stringify({ jsonrpc: '2.0', id, ...result }))
    else response.end(JSON.stringify({ ...reply, result }))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) }
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

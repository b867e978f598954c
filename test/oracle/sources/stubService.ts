import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = { status?: number; body: string; headers?: Record<string, string> }

/** `hang` never answers; `drop` cuts the connection, `half` in the middle of an answer. */
export type Reaction = Answer | 'hang' | 'drop' | 'half'

export type StubService = {
  url: string
  /** What was asked since the last look. */
  asked(): string[]
  /** Takes the place of the usual answer while it gives one. */
  fault(react: (question: string) => Reaction | undefined): void
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(): Promise<void>
}

export type StubParameters = {
  answer: (question: string, request: IncomingMessage, body: string) => Answer
  /** The question in a word, for faults and for what was asked. */
  questionOf: (request: IncomingMessage, body: string) => string
}

/** An HTTP service on the loopback that can be made to fail in the ways that real ones do. */
export async function startStubService({ answer, questionOf }: StubParameters): Promise<StubService> {
  let asked: string[] = []
  let react: (question: string) => Reaction | undefined = () => undefined
  let port = 0
  const server = createServer((request, response) => void serve(request, response))

  async function serve(request: IncomingMessage, response: ServerResponse) {
    let body = ''
    for await (const chunk of request) body += chunk
    const question = questionOf(request, body)
    asked.push(question)
    const reaction = react(question) ?? answer(question, request, body)
    if (reaction === 'hang') return
    if (reaction === 'drop') return void request.socket.destroy()
    if (reaction === 'half') {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"result":"00')
      setTimeout(() => request.socket.destroy(), 20)
      return
    }
    response.writeHead(reaction.status ?? 200, reaction.headers)
    response.end(reaction.body)
  }

  async function start() {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    // Safe: it listens on a port, not on a socket file.
    port = (server.address() as AddressInfo).port
  }

  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    asked() {
      const list = asked
      asked = []
      return list
    },
    fault: (next) => {
      react = next
    },
    start,
    async stop() {
      server.closeAllConnections()
      if (server.listening) await new Promise((closed) => server.close(closed))
    },
  }
}

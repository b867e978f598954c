import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createPublicClient, http, zeroAddress } from 'viem'
import { readNetwork } from '../../../services/relayer/chain.ts'
import { OtherChainNowError } from '../../../services/relayer/errors.ts'
import { mayRetry } from '../../../services/runtime/loop.ts'

// An L2 node that is away, broken or lying: every look fails with something that is tried again, and the process goes on.

type Call = { id: number }
const bodyOf = async (request: Parameters<RequestListener>[0]): Promise<Call[]> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const parsed = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Call | Call[]
  return [parsed].flat()
}
const replying =
  (reply: (call: Call) => unknown): RequestListener =>
  async (request, response) => {
    const calls = await bodyOf(request)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(calls.map((call) => reply(call))))
  }
const text =
  (status: number, body: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status, status === 429 ? { 'retry-after': '1' } : {}).end(body)
  }
const result = (value: unknown) => replying(({ id }) => ({ jsonrpc: '2.0', id, result: value }))

const faults: Record<string, RequestListener> = {
  'resets the connection': (request) => request.socket.destroy(),
  'says it is overloaded': text(429, ''),
  'says 503': text(503, 'upstream'),
  'answers HTML': text(200, '<html><body>Welcome</body></html>'),
  'cuts its JSON off': text(200, '[{"jsonrpc":"2.0","id":1,"resu'),
  'answers nothing': text(200, ''),
  'never answers': () => {},
  drips: (_request, response) => {
    const drip = setInterval(() => response.write(' '), 20)
    response.once('close', () => clearInterval(drip))
  },
  'answers other questions': replying(() => ({ jsonrpc: '2.0', id: 99_999, result: '0x1' })),
  'answers null': result(null),
  'answers empty': result('0x'),
  'answers garbage': result('certainly'),
  'answers with an error': replying(({ id }) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32_000, message: 'no' },
  })),
}

describe('relayer on a faulty L2 node', function () {
  this.timeout(60_000)
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  async function look(listener: RequestListener): Promise<unknown> {
    server = createServer(listener)
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const transport = http(`http://127.0.0.1:${address.port}`, { batch: true, retryCount: 0, timeout: 300 })
    const client = createPublicClient({ transport, cacheTime: 0 })
    return readNetwork(client, { chainId: 901, address: zeroAddress, network: 1 }).then(
      () => assert.fail('it believed that'),
      (error: unknown) => error,
    )
  }

  for (const [what, listener] of Object.entries(faults)) {
    it(`F1: tries again when it ${what}`, async () => {
      const error = await look(listener)
      assert.ok(mayRetry(error), String(error))
    })
  }

  it('F3, F12: acts on nothing that it says once it says that it is of another chain', async () => {
    const error = await look(result('0x1'))
    assert.ok(error instanceof OtherChainNowError, String(error))
    assert.equal(error.retry, true)
  })
})

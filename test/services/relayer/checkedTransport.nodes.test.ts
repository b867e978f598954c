import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { simulatorNetwork } from '../../../oracle/developmentNetworks.ts'
import { relayerStage, type Stage } from '../relayerFixture.ts'

// The whole relayer behind a proxy that stands between it and its L2 node, and does everything wrong that it can.

type Answer = { id: number; result?: unknown; error?: unknown }
/** What the proxy does with the answers of the node; undefined when it took care of the response itself. */
type Fault = (answers: Answer[], response: ServerResponse) => unknown

const changed =
  (change: (answer: Answer) => Answer): Fault =>
  (answers) =>
    answers.map(change)
const instead =
  (status: number, body: string, headers = {}): Fault =>
  (_answers, response) => {
    response.writeHead(status, headers).end(body)
  }

const faults: Record<string, Fault> = {
  resets: (_answers, response) => {
    response.destroy()
  },
  'is overloaded': instead(429, '', { 'retry-after': '1' }),
  'fails with 503': instead(503, 'upstream'),
  'answers HTML': instead(200, '<html></html>'),
  'cuts its JSON off': instead(200, '[{"id":1,"jsonrpc":"2.0","resul'),
  drips: (_answers, response) => {
    const drip = setInterval(() => response.write(' '), 50)
    response.once('close', () => clearInterval(drip))
  },
  'answers in another order': (answers) => answers.toReversed(),
  'answers other questions': changed((answer) => ({ ...answer, id: answer.id + 1_000_000 })),
  'answers null': changed(({ id }) => ({ id, result: null })),
  'answers nothing': changed(({ id }) => ({ id, result: '0x' })),
  'answers words': changed(({ id }) => ({ id, result: 'certainly' })),
  'answers with an error': changed(({ id }) => ({ id, error: { code: -32_000, message: 'no' } })),
  'says that it is of another chain': changed(({ id }) => ({ id, result: '0x1' })),
}

describe('relayer on a node that does everything wrong', function () {
  this.timeout(600_000)
  let folder = ''
  let stage: Stage
  let proxy: Server
  let fault: Fault | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-faults-'))
    stage = await relayerStage(folder, { network: simulatorNetwork(), daysOver: 1, epochSeconds: 3 })
    proxy = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const body = Buffer.concat(chunks)
      const headers = { 'content-type': 'application/json' }
      const told = await fetch(stage.node.url, { method: 'POST', body, headers })
      const json: unknown = await told.json()
      // Safe: the node itself is honest.
      const answers = [json].flat() as Answer[]
      const given = fault === undefined ? answers : fault(answers, response)
      if (given === undefined) return
      const text = JSON.stringify(Array.isArray(json) || !Array.isArray(given) ? given : given[0])
      response.writeHead(200, headers).end(text)
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
  })
  after(async () => {
    await stage.relayer.killAll()
    proxy.closeAllConnections()
    proxy.close()
    await stage.node.kill()
    await rm(folder, { recursive: true, force: true })
  })

  it('F1, F3: ends of none of it, sends nothing twice, and goes on when it is over', async () => {
    const { client, index, relayer } = stage
    const address = proxy.address()
    assert.ok(typeof address === 'object' && address !== null)
    const child = relayer.start({ HASHSAND_L2_RPC: `http://127.0.0.1:${address.port}` })
    let end = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      end = `${end}${chunk.toString('utf8')}`.slice(-3_000)
    })
    const attested = () => client.readContract({ ...index, functionName: 'newestDay', args: [1] })
    const goesOn = async (what: string) => {
      const before = await attested()
      for (let tries = 0; (await attested()) <= before; tries++) {
        if (child.exitCode !== null) assert.fail(`it ended when its node ${what}: ${end}`)
        if (tries === 400) assert.fail(`it stands at day ${before} since its node ${what}`)
        await sleep(200)
      }
    }
    await goesOn('was well')
    for (const [what, each] of Object.entries(faults)) {
      fault = each
      await sleep(1_500)
      fault = undefined
      await goesOn(what)
    }
    const logs = await client.getContractEvents({ ...index, eventName: 'DayAttested', fromBlock: 0n })
    const days = logs.map(({ args }) => args.day ?? 0)
    assert.deepEqual(
      days,
      days.map((_, at) => simulatorNetwork().firstDay + at),
    )
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  })
})

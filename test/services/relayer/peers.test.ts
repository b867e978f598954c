import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type Address, type Hash, type Hex, toHex, zeroAddress } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createPeerClient } from '../../../services/relayer/peers/client.ts'
import { headerNames, type RequestEnvelope, signRequest } from '../../../services/relayer/peers/envelope.ts'
import { PeerAnswerError, PeerRefusedError, PeerSilentError } from '../../../services/relayer/peers/errors.ts'
import { helloAnswer, signedAnswer } from '../../../services/relayer/peers/messages.ts'
import { createPeerApp, paths } from '../../../services/relayer/peers/server.ts'
import { serve } from '../../../services/runtime/http.ts'
import { createLog } from '../../../services/runtime/log.ts'

// Two nodes over real HTTP, and everything that may listen or call in the place of one.

const domain = { chainId: 901, rewardIndex: zeroAddress }
const newAccount = () => privateKeyToAccount(generatePrivateKey())
const [alice, bob, carol, stranger] = [newAccount(), newAccount(), newAccount(), newAccount()]
const log = createLog('test', 'silent')
const { signal } = new AbortController()

describe('relayer peers', () => {
  let [aliceTime, bobTime] = [1_000, 1_000]
  let calls = 0
  const closing: (() => Promise<void>)[] = []
  beforeEach(() => {
    ;[aliceTime, bobTime, calls] = [1_000, 1_000, 0]
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  /** Bob listens, and knows Alice and Carol. */
  async function bobListens({ now }: { now?: () => number } = {}): Promise<string> {
    const app = createPeerApp({
      account: bob,
      domain,
      peers: [alice.address, carol.address],
      handlers: {
        hello: async () => {
          calls += 1
          return { address: bob.address, network: 1, live: true }
        },
        signed: async () => ({ signed: [] }),
        rows: async () => ({ rows: [], ready: [] }),
        propose: async () => ({ answers: [] }),
      },
      chainTime: () => bobTime,
      log,
      ...(now && { now }),
    })
    const served = await serve({ app, port: 0, purpose: 'a test' })
    closing.push(served.close)
    return served.url
  }

  /** Something else listens at Bob's address. */
  async function listens(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(async () => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    return `http://127.0.0.1:${address.port}`
  }

  const clientOf = (url: string, account = alice, peer: Address = bob.address, timeoutMs = 30_000) =>
    createPeerClient({
      peer: { address: peer, url },
      account,
      domain,
      chainTime: () => aliceTime,
      signal,
      timeoutMs,
    })

  /** A request with every part open to change after it was signed. */
  async function raw(
    url: string,
    changes: Partial<RequestEnvelope> = {},
    sent: Partial<Record<string, string>> = {},
  ) {
    const nonce: Hash = toHex(crypto.getRandomValues(new Uint8Array(32)))
    const envelope = {
      ...{ from: alice.address, to: bob.address, path: paths.hello, time: aliceTime, nonce, body: '{}' },
      ...changes,
    }
    const signature = await signRequest(alice, envelope, domain)
    const headers = {
      [headerNames.from]: sent.from ?? envelope.from,
      [headerNames.time]: sent.time ?? String(envelope.time),
      [headerNames.nonce]: sent.nonce ?? envelope.nonce,
      [headerNames.signature]: sent.signature ?? signature,
    }
    const post = () =>
      fetch(`${url}${sent.path ?? envelope.path}`, {
        method: 'POST',
        headers,
        body: sent.body ?? envelope.body,
      })
    return { post, status: (await post()).status }
  }

  it('hear each other, and know who it is', async () => {
    const client = clientOf(await bobListens())
    const hello = await client.ask(paths.hello, {}, helloAnswer)
    assert.deepEqual(hello, { address: bob.address, network: 1, live: true })
    assert.equal(client.state().up, true)
  })

  it('take a request once, and none that was changed on its way or meant for another', async () => {
    const url = await bobListens()
    const { post, status } = await raw(url)
    assert.deepEqual([status, (await post()).status, calls], [200, 409, 1])

    const other = toHex(crypto.getRandomValues(new Uint8Array(32)))
    const changed = await Promise.all([
      raw(url, {}, { body: '{ }' }),
      raw(url, {}, { path: paths.signed }),
      raw(url, {}, { time: '1001' }),
      raw(url, {}, { nonce: other }),
      raw(url, { to: stranger.address }),
      raw(url, { from: stranger.address }),
      raw(url, {}, { from: stranger.address }),
      raw(url, {}, { signature: `0x${'00'.repeat(65)}` }),
      raw(url, {}, { signature: '0x' }),
      raw(url, {}, { time: '-1' }),
      raw(url, {}, { nonce: '0x12' }),
    ])
    assert.deepEqual(
      changed.map((answer) => answer.status),
      Array(changed.length).fill(401),
    )
    assert.equal(calls, 1)
  })

  it('are not bound to their own clocks: only the chain’s time counts', async () => {
    const url = await bobListens()
    const RealDate = Date
    try {
      // An hour ahead, as seen by everything in this process.
      globalThis.Date = class extends RealDate {
        static override now = () => RealDate.now() + 3_600_000
      } as DateConstructor
      assert.equal((await raw(url)).status, 200)
    } finally {
      globalThis.Date = RealDate
    }
    aliceTime = 1_000 + 3_600
    await assert.rejects(clientOf(url).ask(paths.hello, {}, helloAnswer), (error) => {
      return (
        error instanceof PeerRefusedError && error.status === 409 && /L2 node is level/.test(error.reason)
      )
    })
  })

  it('refuse what is too long, not JSON, or not of the form, and tell so under their signature', async () => {
    const url = await bobListens()
    assert.equal((await raw(url, { body: `"${'x'.repeat(70_000)}"` })).status, 413)
    assert.equal((await raw(url, { body: '{' })).status, 400)
    assert.equal((await raw(url, { body: '{"more":1}' })).status, 400)
    assert.equal((await raw(url, { path: '/peer/v1/nothing' })).status, 404)
    const days = { network: 1, firstDay: 1, lastDay: 17 }
    await assert.rejects(clientOf(url).ask(paths.signed, days, signedAnswer), (error) => {
      return error instanceof PeerRefusedError && error.status === 400
    })
    assert.equal(calls, 0)
  })

  it('hold one who floods to its share', async () => {
    let time = 0
    const url = await bobListens({ now: () => time })
    const client = clientOf(url)
    const asks = Array.from({ length: 100 }, () =>
      client.ask(paths.hello, {}, helloAnswer).then(
        () => 'answered',
        (error: unknown) => {
          // Beyond the share it is told so; far beyond it nothing is spent on it, not even a signature.
          if (error instanceof PeerRefusedError && error.status === 429) return 'held'
          return error instanceof PeerAnswerError && /status 429/.test(error.message) ? 'shut out' : 'failed'
        },
      ),
    )
    const outcomes = await Promise.all(asks)
    const count = (name: string) => outcomes.filter((outcome) => outcome === name).length
    const expected = { answered: 40, held: 20, 'shut out': 40, failed: 0 }
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, count(name)])), expected)
    // Another peer is heard meanwhile, and strangers do not even reach that share.
    assert.equal((await clientOf(url, carol).ask(paths.hello, {}, helloAnswer)).network, 1)
    // Strangers do not even reach that share.
    const unknown = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${url}${paths.hello}`, { method: 'POST' })),
    )
    assert.ok(unknown.every(({ status }) => status === 401))
    time = 1_000
    assert.equal((await client.ask(paths.hello, {}, helloAnswer)).network, 1)
  })

  it('believe no answer but that of the peer itself, to this very request', async () => {
    const url = await bobListens()
    // The right node under another name, and a node that repeats an answer that Bob once gave.
    await assert.rejects(
      clientOf(url, alice, stranger.address).ask(paths.hello, {}, helloAnswer),
      PeerAnswerError,
    )
    const { post } = await raw(url, { time: 1_001 })
    const old = await post()
    const [body, signature] = [await old.text(), old.headers.get(headerNames.signature) ?? '']
    const parrot = await listens((_request, response) => {
      response.writeHead(old.status, { [headerNames.signature]: signature }).end(body)
    })
    await assert.rejects(clientOf(parrot).ask(paths.hello, {}, helloAnswer), PeerAnswerError)
  })

  it('survive a peer that speaks garbage, sends without end, hangs up or redirects', async () => {
    const junk: RequestListener[] = [
      (_request, response) => response.end('<html>502</html>'),
      (_request, response) => response.writeHead(200, { [headerNames.signature]: '0x12' }).end('{}'),
      (_request, response) => response.writeHead(302, { location: '/' }).end(),
      (request) => request.socket.destroy(),
      (_request, response) => {
        response.writeHead(200)
        const pour = setInterval(() => response.write('x'.repeat(100_000)), 1)
        response.once('close', () => clearInterval(pour))
      },
    ]
    for (const listener of junk) {
      const client = clientOf(await listens(listener))
      await assert.rejects(client.ask(paths.hello, {}, helloAnswer), (error) => {
        return error instanceof PeerAnswerError || error instanceof PeerSilentError
      })
      assert.equal(client.state().up, false)
      assert.equal(client.resting(), true)
    }
  })

  it('wait for a slow one no longer than they have to, whether it is silent or drips', async () => {
    const drips: RequestListener = (_request, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write(' '), 100)
      response.once('close', () => clearInterval(drip))
    }
    const urls = await Promise.all([listens(() => {}), listens(drips)])
    const started = performance.now()
    await Promise.all(
      urls.map((url) => {
        const client = clientOf(url, alice, bob.address, 1_000)
        return assert.rejects(client.ask(paths.hello, {}, helloAnswer), PeerSilentError)
      }),
    )
    const took = performance.now() - started
    assert.ok(took > 900 && took < 6_000, `${took} ms`)
  })

  it('reject signatures in a form that the contract would not take', () => {
    const report = {
      ...{ network: 1, day: 1, round: 1, lastHeight: 1, lastBlockHash: `0x${'0'.repeat(64)}` },
      ...{ work: '1', subsidy: '1', fees: '1', cappedFees: '1', medianFee: '1' },
      poolRowsRoot: `0x${'0'.repeat(64)}`,
    }
    const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
    const signature = (s: bigint, v: string): Hex =>
      `0x${'11'.repeat(32)}${s.toString(16).padStart(64, '0')}${v}`
    const isTaken = (value: unknown) =>
      signedAnswer.safeParse({ signed: [{ report, signature: value }] }).success
    assert.equal(isTaken(signature(half, '1b')), true)
    assert.equal(isTaken(signature(half, '1c')), true)
    assert.equal(isTaken(signature(half + 1n, '1b')), false)
    assert.equal(isTaken(signature(half, '00')), false)
    assert.equal(isTaken(signature(half, '01')), false)
    assert.equal(isTaken(`${signature(half, '1b')}00`), false)
    for (const [field, value] of Object.entries({
      ...{ round: 0, day: 2 ** 24, lastHeight: 1.5, work: '-1', fees: '1e3', subsidy: 1, medianFee: '01' },
      ...{ cappedFees: (2n ** 128n).toString(), lastBlockHash: '0x12', more: 1 },
    })) {
      const changed = { ...report, [field]: value }
      const { success } = signedAnswer.safeParse({
        signed: [{ report: changed, signature: signature(1n, '1b') }],
      })
      assert.equal(success, false, field)
    }
  })
})

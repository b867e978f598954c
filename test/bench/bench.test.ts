import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import fc from 'fast-check'
import { createPublicClient, http, parseEther, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { startAnvil } from '../bridge/anvilNode.ts'
import {
  type Bench,
  type Figure,
  measurementOf,
  measurementSchema,
  missesBudget,
  runBench,
  table,
} from './bench.ts'
import { sustain } from './load.ts'

const figure: fc.Arbitrary<Figure> = fc
  .record({
    case: fc.stringMatching(/^[a-z][a-z0-9:, -]{0,40}$/),
    value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
    unit: fc.constantFrom('s', 'MB', 'tx/s'),
    better: fc.constantFrom('lower' as const, 'higher' as const),
    budget: fc.option(fc.nat(1_000), { nil: undefined }),
    peer: fc.option(
      fc.record({ name: fc.constant('a peer'), value: fc.nat(9_999_999), source: fc.constant('its paper') }),
      { nil: undefined },
    ),
  })
  .map(({ budget, ...rest }) => ({ ...rest, ...(budget === undefined ? {} : { budget }) }))

const benchOf = (figures: readonly Figure[]): Bench => ({
  name: 'tiny',
  run: async ({ measured, say }) => {
    say('beginning')
    figures.forEach(measured)
  },
})

async function outputOf(bench: Bench, json: boolean) {
  const written = { out: '', note: '' }
  const measurements = await runBench({
    bench,
    json,
    out: (text) => {
      written.out += text
    },
    note: (text) => {
      written.note += text
    },
  })
  return { ...written, measurements }
}

const command = (...words: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'test/bench/main.ts', ...words], {
    cwd: join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
  })

describe('bench', () => {
  it('writes one object of the schema a line, and nothing else, for programs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(figure, { maxLength: 8 }), async (figures) => {
        const { out, measurements } = await outputOf(benchOf(figures), true)
        const lines = out.split('\n').filter((line) => line !== '')
        assert.deepEqual(
          lines.map((line) => measurementSchema.parse(JSON.parse(line))),
          measurements,
        )
        assert.equal(measurements.length, figures.length)
      }),
    )
  })

  it('writes a table whose columns stand under their heads, for people', () => {
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 8 }), (figures) => {
        const measurements = figures.map((one) => measurementOf('tiny', one))
        const [head = '', rule = '', ...rows] = table(measurements).trimEnd().split('\n')
        assert.equal(rows.length, measurements.length)
        // Every column ends where its rule does: two blanks follow.
        for (const { index } of rule.matchAll(/ {2}/g)) {
          for (const row of [head, ...rows]) assert.equal(row.slice(index, index + 2).trim(), '', row)
        }
        for (const [position, row] of rows.entries()) {
          const one = measurements[position]
          assert.ok(one && row.startsWith(one.case.trimEnd()) && row.includes(` ${one.value}  `), row)
          assert.equal(row.includes('MISSED'), missesBudget(one))
        }
      }),
    )
  })

  it('misses a budget on the side that is worse, and none where nothing is promised', () => {
    const of = (value: number, budget: number | undefined, better: 'lower' | 'higher') =>
      missesBudget(
        measurementOf('tiny', {
          case: 'a',
          value,
          unit: 's',
          better,
          ...(budget === undefined ? {} : { budget }),
        }),
      )
    assert.deepEqual([of(4, 5, 'lower'), of(5, 5, 'lower'), of(6, 5, 'lower')], [false, false, true])
    assert.deepEqual([of(4, 5, 'higher'), of(5, 5, 'higher'), of(6, 5, 'higher')], [true, false, false])
    assert.equal(of(1e9, undefined, 'lower'), false)
  })

  it('lists what there is, and refuses what there is not in one line', () => {
    const listed = command()
    assert.equal(listed.status, 0, listed.stderr)
    assert.match(listed.stdout, /^engine +\S/)
    for (const words of [['engines'], ['engine', '--jsno']]) {
      const { status, stdout, stderr } = command(...words)
      assert.equal(status, 64)
      assert.equal(stdout, '')
      assert.match(stderr, /^[^\n]*\bengine\b[^\n]*\n$/)
      assert.ok(stderr.includes(words.at(-1) ?? ''), stderr)
    }
  })

  it('counts what a load gets into blocks, once and without the transactions of others', async function () {
    this.timeout(30_000)
    const node = await startAnvil(['--no-mining', '--order', 'fifo'])
    const stop = new AbortController()
    try {
      const senders = Array.from({ length: 4 }, () => ({
        account: privateKeyToAccount(generatePrivateKey()),
        nonce: 0,
      }))
      for (const { account } of senders)
        await node.rpc('anvil_setBalance', account.address, toHex(parseEther('1')))
      const client = createPublicClient({ transport: http(node.url) })
      const stranger = privateKeyToAccount(generatePrivateKey())
      await node.rpc('anvil_setBalance', stranger.address, toHex(parseEther('1')))
      const chainId = await client.getChainId()
      const theirs = { chainId, to: stranger.address, gas: 21_000n, maxFeePerGas: 10n ** 11n }
      let nonce = 0
      const mining = everyMs(200, stop.signal, async () => {
        await node.rpc(
          'eth_sendRawTransaction',
          await stranger.signTransaction({ ...theirs, nonce: nonce++ }),
        )
        await node.rpc('evm_mine')
      })
      const load = await sustain({
        client,
        rpcUrl: node.url,
        chainId,
        senders,
        call: { to: senders[0]?.account.address ?? '0x', value: 1n, gas: 21_000n },
        count: 200,
        inFlight: 40,
        seconds: 2,
      })
      stop.abort()
      await mining
      assert.equal(load.included, 200)
      assert.equal(load.refused, 0)
      // Gas is that of whole blocks.
      assert.ok(load.gasPerSecond > load.transactionsPerSecond * 21_000)
      assert.ok(load.fullness > 0 && load.fullness <= 1)
      const nonces = await Promise.all(senders.map(({ account }) => client.getTransactionCount(account)))
      assert.deepEqual(nonces, [50, 50, 50, 50])
    } finally {
      stop.abort()
      await node.kill()
    }
  })
})

async function everyMs(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    for await (const _ of every(ms, undefined, { signal })) await act()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

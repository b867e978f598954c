import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  type PublicClient,
  parseEther,
  TransactionReceiptNotFoundError,
  toHex,
} from 'viem'
import { foundry } from 'viem/chains'
import { AgreementConfigError, NodesDisagreeError } from '../../../../services/runtime/agreement/errors.ts'
import type { Request } from '../../../../services/runtime/agreement/question.ts'
import { httpMember, openAgreement } from '../../../../services/runtime/agreement/transport.ts'
import type { Member } from '../../../../services/runtime/agreement/vote.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { mayRetry } from '../../../../services/runtime/loop.ts'
import { estimatedGas } from '../../../../services/runtime/outboxChain.ts'
import { IntentRevertsError } from '../../../../services/runtime/outboxErrors.ts'
import { type AnvilNode, startAnvil } from '../../../bridge/anvilNode.ts'
import { account } from '../../../chain/fixture.ts'
import { alteredNode, type Reply } from '../../../support/alteredNode.ts'

const log = createLog('test', 'silent')

const clientOf = (members: readonly Member[], agree: number): PublicClient =>
  createPublicClient({
    transport: openAgreement({ members, agree, log, patienceMs: 20 }).transport,
    cacheTime: 0,
  })

/** viem puts errors of its own around those of a transport. */
function isDisagreement(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NodesDisagreeError) return true
  }
  return false
}

/** Block `number` of the one chain, as everybody who is honest shows it. */
const blockOf = (number: number) => ({ number: toHex(number), hash: toHex(number * 7 + 1, { size: 32 }) })

describe('agreement of nodes', () => {
  it('refuses lists in which half could win, or too few are', () => {
    const members = [1, 2, 3, 4].map((at): Member => ({ name: `node ${at}`, ask: async () => null }))
    for (const [nodes, agree] of [
      [4, 2],
      [2, 1],
      [2, 3],
      [0, 0],
    ] as const) {
      const open = () => openAgreement({ members: members.slice(0, nodes), agree, log })
      assert.throws(open, AgreementConfigError)
    }
  })

  type Kind = 'honest' | 'liar' | 'silent'
  type Node = { kind: Kind; head: number; lie: number; slow: boolean }
  const someNode = fc.record({
    kind: fc.constantFrom<Kind>('honest', 'honest', 'honest', 'liar', 'silent'),
    head: fc.integer({ min: 5, max: 9 }),
    // Liars may have agreed on their lie.
    lie: fc.integer({ min: 1, max: 2 }),
    slow: fc.boolean(),
  })

  function memberOf({ kind, head, lie, slow }: Node, at: number): Member {
    return {
      name: `node ${at}`,
      ask: async ({ params }: Request) => {
        if (slow) await sleep(1)
        if (kind === 'silent')
          return http('http://127.0.0.1:1', { retryCount: 0 })({}).request({ method: 'none' })
        const [tag] = params as [Hex | 'latest']
        if (kind === 'liar')
          return { number: tag === 'latest' ? toHex(lie * 1_000) : tag, hash: toHex(lie, { size: 32 }) }
        const number = tag === 'latest' ? head : Number(tag)
        return number > head ? null : blockOf(number)
      },
    }
  }

  it('says what honest nodes see, or nothing, with fewer liars than have to agree', async () => {
    const property = fc.asyncProperty(
      fc.array(someNode, { minLength: 3, maxLength: 7 }),
      fc.integer({ min: 1, max: 9 }),
      async (nodes, asked) => {
        const agree = Math.floor(nodes.length / 2) + 1
        fc.pre(nodes.filter(({ kind }) => kind === 'liar').length < agree)
        const { transport } = openAgreement({ members: nodes.map(memberOf), agree, log, patienceMs: 20 })
        const { request } = transport({})
        const ask = (tag: string) => request({ method: 'eth_getBlockByNumber', params: [tag, false] })
        const honest = nodes.filter(({ kind }) => kind === 'honest')
        const heads = honest.map(({ head }) => head)
        try {
          const answer = await ask(toHex(asked))
          // Too few have come so far, or it is the block of the one chain.
          if (answer === null) assert.ok(heads.some((head) => head < asked))
          else assert.deepEqual(answer, blockOf(asked))
        } catch (error) {
          assert.ok(isDisagreement(error) && mayRetry(error), String(error))
          const has = heads.filter((head) => head >= asked).length
          assert.ok(has < agree && heads.length - has < agree, 'enough were of one mind')
        }
        try {
          const { number } = (await ask('latest')) as { number: Hex }
          assert.ok(Number(number) <= Math.max(...heads), 'a head that nobody honest has')
        } catch (error) {
          assert.ok(isDisagreement(error), String(error))
        }
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })

  it('holds up nobody whose other nodes answer', async () => {
    const hanging: Member = { name: 'hanging', ask: () => new Promise(() => {}) }
    const good = (at: number) => memberOf({ kind: 'honest', head: 9, lie: 1, slow: false }, at)
    const { transport, standings } = openAgreement({
      members: [hanging, good(1), good(2)],
      ...{ agree: 2, log, patienceMs: 20 },
    })
    const { request } = transport({})
    for (const tag of ['latest', toHex(7)]) {
      assert.notEqual(await request({ method: 'eth_getBlockByNumber', params: [tag, false] }), null)
    }
    assert.deepEqual(
      standings().map(({ name }) => name),
      ['hanging', 'node 1', 'node 2'],
    )
  })

  describe('on a chain', function () {
    this.timeout(60_000)
    let node: AnvilNode
    const closing: (() => Promise<void>)[] = []
    const sender = account()
    before(async () => {
      node = await startAnvil(['--hardfork', 'cancun'])
      const test = createTestClient({ mode: 'anvil', transport: http(node.url) })
      await test.setBalance({ address: sender.address, value: parseEther('10') })
    })
    after(async () => {
      for (const close of closing) await close()
      await node?.kill()
    })

    async function through(change: (reply: Reply) => unknown): Promise<Member> {
      const altered = await alteredNode(node.url, change)
      closing.push(altered.close)
      return httpMember(`${altered.url}/secret-key`)
    }

    const truth = () => httpMember(node.url)
    const forged = (reply: Reply) => {
      if (reply.method === 'eth_getTransactionReceipt') return { ...(reply.result as object), status: '0x0' }
      if (reply.method === 'eth_getLogs') return []
      if (reply.method === 'eth_gasPrice') return '0xffffffffff'
      if (reply.method === 'eth_call') return toHex(666, { size: 32 })
      return reply.result
    }

    it('F3: outvotes a node that forges receipts, logs, calls and fees, wherever it stands, and names it', async () => {
      const hash = await createWalletClient({
        account: sender,
        chain: foundry,
        transport: http(node.url),
      }).sendTransaction({ to: sender.address, value: 1n })
      const honest = createPublicClient({ transport: http(node.url) })
      for (const place of [0, 1, 2]) {
        const liar = await through(forged)
        const members = [truth(), truth()].toSpliced(place, 0, liar)
        const { transport, standings } = openAgreement({ members, agree: 2, log })
        const client = createPublicClient({ transport, cacheTime: 0 })
        const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 50 })
        assert.equal(receipt.status, 'success')
        assert.deepEqual(await client.call({ to: sender.address }), { data: undefined })
        // No block comes any more: it is the same for everybody who is honest.
        assert.equal(await client.getGasPrice(), await honest.getGasPrice())
        const outvoted = standings().filter(({ outvoted }) => outvoted > 0)
        // Third in the line it is not even asked.
        assert.deepEqual(
          outvoted.map(({ name }) => name),
          place === 2 ? [] : [liar.name],
        )
        assert.ok(!liar.name.includes('secret'))
      }
    })

    it('F2: takes a receipt for missing only when enough say so', async () => {
      const wallet = createWalletClient({ account: sender, chain: foundry, transport: http(node.url) })
      const hash = await wallet.sendTransaction({ to: sender.address, value: 1n })
      const blind = () =>
        through(({ method, result }) => (method === 'eth_getTransactionReceipt' ? null : result))
      const seen = clientOf([await blind(), truth(), truth()], 2)
      assert.equal((await seen.getTransactionReceipt({ hash })).status, 'success')
      const unseen = clientOf([await blind(), await blind(), truth()], 2)
      await assert.rejects(unseen.getTransactionReceipt({ hash }), TransactionReceiptNotFoundError)
    })

    it('F1: works while fewer than are needed are away, says that it may be tried again when more are, and sends through any', async () => {
      // Nobody listens there. A node that took a transaction and lost its answer would be another case.
      const gone = () => httpMember('http://127.0.0.1:1/secret-key')
      const one = clientOf([gone(), truth(), truth()], 2)
      assert.equal(await one.getChainId(), foundry.id)
      const two = clientOf([gone(), gone(), truth()], 2)
      const failure = await two.getBlockNumber().catch((error: unknown) => error)
      assert.ok(failure instanceof Error && mayRetry(failure), String(failure))
      // They have said nothing of a transaction, so it is not one that would revert.
      const intent = { key: 'k', to: sender.address, data: '0x' } as const
      const unsaid = await estimatedGas(two, sender.address, intent).catch((error: unknown) => error)
      assert.ok(mayRetry(unsaid) && !(unsaid instanceof IntentRevertsError), String(unsaid))

      const { transport } = openAgreement({ members: [gone(), gone(), truth()], agree: 2, log })
      const raw = await sender.signTransaction({
        ...{ chainId: foundry.id, to: sender.address, gas: 21_000n, type: 'eip1559' as const },
        ...{ nonce: await one.getTransactionCount({ address: sender.address }), maxFeePerGas: 10n ** 10n },
      })
      const sent = await createPublicClient({ transport }).sendRawTransaction({ serializedTransaction: raw })
      assert.equal(
        (await one.waitForTransactionReceipt({ hash: sent, pollingInterval: 50 })).status,
        'success',
      )
    })

    it('passes on what a contract reverts with', async () => {
      const client = clientOf([truth(), truth(), truth()], 2)
      // PUSH0 PUSH0 REVERT as init code.
      await assert.rejects(client.call({ data: '0x5f5ffd' }), /revert/i)
    })
  })
})

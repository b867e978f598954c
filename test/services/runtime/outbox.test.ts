import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { createPublicClient, type Hex, http, type LocalAccount, type PublicClient, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createLog } from '../../../services/runtime/log.ts'
import { nodeIsSilent } from '../../../services/runtime/loop.ts'
import { type Outbox, openOutbox } from '../../../services/runtime/outbox.ts'
import { estimatedGas, nextNonce } from '../../../services/runtime/outboxChain.ts'
import {
  FeeCapError,
  IntentRevertsError,
  OutboxConflictError,
  OutboxFundsError,
  OutboxIdentityError,
  OutboxStoppedError,
  StoreInUseError,
} from '../../../services/runtime/outboxErrors.ts'
import { type OutboxEntry, type OutboxStore, openOutboxStore } from '../../../services/runtime/store.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'
import { chainByHand, connectTo, pay, payee } from './payments.ts'

const log = createLog('test', 'silent')

describe('outbox', () => {
  let folder: string
  let node: AnvilNode
  let client: PublicClient
  let account: LocalAccount
  let open: Outbox[]

  const openStore = () => openOutboxStore(join(folder, 'outbox'))
  const openQueue = async (store?: OutboxStore, more = {}) => {
    const signal = new AbortController().signal
    const parameters = { client, account, log, signal, pollMs: 20, ...more }
    const outbox = await openOutbox({ ...parameters, store: store ?? (await openStore()) })
    open.push(outbox)
    return outbox
  }
  const effects = (n: number) => client.getBalance({ address: payee(n) })
  const mine = () => node.rpc('evm_mine')
  const minedWhile = async <T>(work: Promise<T>): Promise<T> => {
    let busy = true
    const done = work.finally(() => {
      busy = false
    })
    while (busy) {
      await mine()
      await Promise.race([done.catch(() => {}), sleep(30)])
    }
    return done
  }
  const crash = async () => {
    // The process dies with the queue as it is: only what is on disk counts afterwards.
    for (const outbox of open.splice(0)) await outbox.close()
  }
  const fund = () => node.rpc('anvil_setBalance', account.address, toHex(10n ** 20n))
  const connect = () => {
    client = connectTo(node.url)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outbox-'))
    node = await startAnvil(chainByHand)
    account = privateKeyToAccount(generatePrivateKey())
    open = []
    connect()
    await fund()
    await mine()
  })
  afterEach(async () => {
    await crash()
    await node.kill()
    await rm(folder, { recursive: true })
  })

  it('gives each key one effect, however often it is sent', async () => {
    const outbox = await openQueue()
    const receipts = await minedWhile(Promise.all([0, 1, 2, 0, 1, 0].map((n) => outbox.send(pay(n)))))
    assert.ok(receipts.every(({ status }) => status === 'success'))
    assert.equal((await outbox.send(pay(2))).transactionHash, receipts[2]?.transactionHash)
    assert.deepEqual(await Promise.all([0, 1, 2].map(effects)), [1n, 1n, 1n])
    assert.equal(outbox.pending(), 0)
  })

  it('sends after a restart what was stored and never sent', async () => {
    const store = await openStore()
    // The process dies between the write and the broadcast: nothing of this intent ever left it.
    const dying = Object.assign(Object.create(client), {
      sendRawTransaction: () => Promise.reject(new OutboxStoppedError('killed')),
    })
    const outbox = await openQueue(store, { client: dying })
    await assert.rejects(outbox.send(pay(1)), OutboxStoppedError)
    await crash()
    assert.equal(
      await node.rpc('txpool_status').then((status) => JSON.stringify(status)),
      '{"pending":"0x0","queued":"0x0"}',
    )

    const again = await openQueue()
    assert.equal(again.pending(), 1)
    await minedWhile(again.send(pay(1)))
    assert.equal(await effects(1), 1n)
  })

  it('sends the same bytes again when the node lost its mempool', async () => {
    const outbox = await openQueue()
    const work = outbox.send(pay(1))
    const hash = await storedHash(outbox, 'pay:1')
    await node.rpc('anvil_dropAllTransactions')
    const { transactionHash } = await minedWhile(work)
    assert.equal(transactionHash, hash)
    assert.equal(await effects(1), 1n)
  })

  it('survives a node that restarts from an older state', async () => {
    const file = join(folder, 'state.json')
    await node.dump(file)
    const outbox = await openQueue()
    await minedWhile(Promise.all([outbox.send(pay(1)), outbox.send(pay(2))]))
    await node.kill()
    node = await startAnvil(
      ['--no-mining', '--slots-in-an-epoch', '1', '--chain-id', '900', '--load-state', file],
      node.port,
    )
    assert.equal(await effects(1), 0n, 'the restart took the block away')

    await minedWhile(outbox.send(pay(3)))
    await minedWhile(until(() => outbox.pending() === 0))
    assert.deepEqual(await Promise.all([1, 2, 3].map(effects)), [1n, 1n, 1n])
  })

  for (const [how, method] of [
    ['a reorganisation', 'anvil_reorg'],
    ['a rollback', 'anvil_rollback'],
  ] as const) {
    it(`comes back after ${how} of settled blocks`, async () => {
      const outbox = await openQueue()
      await minedWhile(outbox.send(pay(1)))
      await minedWhile(outbox.send(pay(2)))
      const depth = Number(await client.getBlockNumber()) - 1
      await node.rpc(method, ...(method === 'anvil_reorg' ? [depth, []] : [depth]))
      assert.equal(await effects(1), 0n)
      await fund()
      await minedWhile(until(async () => (await effects(1)) + (await effects(2)) === 2n))
      assert.deepEqual(await Promise.all([1, 2].map(effects)), [1n, 1n])
    })
  }

  it('waits for a block that the chain can not lose', async () => {
    let safe = 0n
    const outbox = await openQueue(undefined, { safeHead: () => Promise.resolve(safe) })
    let done = false
    const work = outbox.send(pay(1)).then(() => {
      done = true
    })
    await storedHash(outbox, 'pay:1')
    await mine()
    await sleep(150)
    assert.equal(await effects(1), 1n)
    assert.equal(done, false, 'mined, yet a kill could still take it away')
    safe = await client.getBlockNumber()
    await work
  })

  it('takes another nonce when a foreign transaction used up its own', async () => {
    const outbox = await openQueue()
    const work = outbox.send(pay(1))
    const hash = await storedHash(outbox, 'pay:1')
    await node.rpc('anvil_dropTransaction', hash)
    const raw = await account.signTransaction({ ...(await foreign(client)), to: payee(9), value: 5n })
    await client.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
    await minedWhile(work)
    assert.equal(await effects(1), 1n)
  })

  it('keeps its nonce while the foreign transaction that used it could still be taken back', async () => {
    let safe = 0n
    const outbox = await openQueue(undefined, { safeHead: () => Promise.resolve(safe) })
    const work = outbox.send(pay(1))
    const hash = await storedHash(outbox, 'pay:1')
    await node.rpc('anvil_dropTransaction', hash)
    const raw = await account.signTransaction({ ...(await foreign(client)), to: payee(9), value: 5n })
    await client.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
    const forms = () => outbox.lookup('pay:1')?.forms.length
    await mine()
    await sleep(200)
    assert.equal(await effects(9), 5n)
    assert.equal(forms(), 1, 'mined, not final')
    for (let block = 0; block < 4; block++) await mine()
    await sleep(200)
    assert.equal(forms(), 1, 'final, and yet a kill of the node could take it away')
    safe = await client.getBlockNumber()
    await minedWhile(until(() => forms() === 2))
    safe = 10n ** 9n
    await minedWhile(work)
    assert.equal(await effects(1), 1n)
  })

  it('replaces what is stuck by at least 10 %, under the same nonce, and stops at the cap', async () => {
    const store = await openStore()
    const stored = new Set<Hex>()
    const noting = Object.assign(Object.create(store) as OutboxStore, {
      put: async (entry: OutboxEntry) => {
        await store.put(entry)
        for (const { raw } of entry.forms) stored.add(raw)
      },
    })
    const unstored: Hex[] = []
    const watched = Object.assign(Object.create(client) as PublicClient, {
      sendRawTransaction: (sent: { serializedTransaction: Hex }) => {
        if (!stored.has(sent.serializedTransaction)) unstored.push(sent.serializedTransaction)
        return client.sendRawTransaction(sent)
      },
    })
    const outbox = await openQueue(noting, { client: watched, stuckBlocks: 2n })
    const work = outbox.send(pay(1))
    const hash = await storedHash(outbox, 'pay:1')
    const first = outbox.lookup('pay:1')?.forms[0]
    assert.ok(first)
    // Blocks get dearer than the transaction allows.
    for (let block = 0; block < 4; block++) {
      await node.rpc('anvil_setNextBlockBaseFeePerGas', toHex(first.maxFeePerGas * 3n))
      await mine()
      await sleep(60)
    }
    const { transactionHash } = await minedWhile(work)
    assert.notEqual(transactionHash, hash)
    const entry = outbox.lookup('pay:1')
    const second = entry?.forms[1]
    assert.ok(second && second.maxFeePerGas * 100n >= first.maxFeePerGas * 110n)
    assert.equal(await effects(1), 1n)
    assert.ok(outbox.replacements() >= 1)
    assert.deepEqual(unstored, [], 'bytes that were sent before they were on disk')
  })

  it('says in typed errors what it will not do', async () => {
    const outbox = await openQueue()
    await minedWhile(outbox.send(pay(1)))
    await assert.rejects(outbox.send({ ...pay(1), value: 2n }), OutboxConflictError)
    await assert.rejects(outbox.send({ ...pay(2), value: 10n ** 30n }), OutboxFundsError)
    await node.rpc('anvil_setCode', payee(7), '0x60006000fd')
    await assert.rejects(outbox.send({ key: 'reverts', to: payee(7), data: '0x' }), IntentRevertsError)
    assert.equal(outbox.lookup('reverts'), undefined)
    await assert.rejects(openStore(), (error) => {
      assert.ok(error instanceof StoreInUseError)
      return error.holder === `process ${process.pid}`
    })
    await crash()
    const other = privateKeyToAccount(generatePrivateKey())
    const store = await openStore()
    await assert.rejects(openQueue(store, { account: other }), OutboxIdentityError)
    await store.close()
    assert.equal(new FeeCapError('0x', 2n, 1n).retry, true)
  })

  it('tells a node that is away from a transaction that would revert', async () => {
    // Nothing listens on port 1.
    const away = createPublicClient({ transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
    const intent = { key: 'away', to: payee(8), data: '0x' as Hex }
    await assert.rejects(estimatedGas(away, account.address, intent), (error) => {
      assert.ok(!(error instanceof IntentRevertsError))
      return nodeIsSilent(error)
    })
  })

  it('never gives a nonce twice', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(fc.nat(1_000)), (chainNonce, used) => {
        const nonce = nextNonce(
          chainNonce,
          used.map((n) => ({ nonce: n })),
        )
        assert.ok(nonce >= chainNonce && !used.includes(nonce))
      }),
    )
  })

  it('finds the next nonce among more intents than a call takes arguments', () => {
    const many = Array.from({ length: 300_000 }, (_, nonce) => ({ nonce }))
    assert.equal(nextNonce(7, many), 300_000)
  })

  it('has one effect per key under any sequence of faults', async function () {
    this.timeout(120_000)
    let run = 0
    const fault = fc.constantFrom('crash', 'drop', 'reorg', 'mine', 'node')
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 3, maxLength: 8 }), async (faults) => {
        run += 1
        const keys = [0, 1, 2].map((n) => run * 10 + n)
        let outbox = await openQueue()
        const start = () => keys.map((n) => outbox.send(pay(n)).catch(() => {}))
        start()
        for (const kind of faults) {
          if (kind === 'crash') {
            await crash()
            outbox = await openQueue()
            start()
          }
          if (kind === 'drop') await node.rpc('anvil_dropAllTransactions')
          if (kind === 'mine') await mine()
          if (kind === 'node') {
            const file = join(folder, 'fault.json')
            await node.dump(file)
            await node.kill()
            node = await startAnvil(
              ['--no-mining', '--slots-in-an-epoch', '1', '--chain-id', '900', '--load-state', file],
              node.port,
            )
          }
          if (kind === 'reorg') {
            await mine()
            await node.rpc('anvil_reorg', 1, [])
          }
          await sleep(15)
        }
        await minedWhile(Promise.all(keys.map((n) => outbox.send(pay(n)))))
        assert.deepEqual(await Promise.all(keys.map(effects)), [1n, 1n, 1n])
        await crash()
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })
})

async function storedHash(outbox: Outbox, key: string): Promise<Hex> {
  await until(() => outbox.lookup(key) !== undefined)
  const form = outbox.lookup(key)?.forms[0]
  assert.ok(form)
  return form.hash
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await condition()) return
    await sleep(25)
  }
  assert.fail('it did not happen within 10 seconds')
}

async function foreign(client: PublicClient) {
  const fees = await client.estimateFeesPerGas()
  return {
    type: 'eip1559',
    chainId: 900,
    nonce: 0,
    gas: 21_000n,
    maxFeePerGas: fees.maxFeePerGas * 2n,
    maxPriorityFeePerGas: fees.maxPriorityFeePerGas,
  } as const
}

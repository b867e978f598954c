import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { type Hex, type LocalAccount, type PublicClient, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { isUnderWay, sendOnce } from '../../../services/runtime/attempt.ts'
import { openLevel } from '../../../services/runtime/database/store.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { type Outbox, openOutbox } from '../../../services/runtime/outbox.ts'
import { IntentCancelledError, NonceNotOpenError } from '../../../services/runtime/outboxErrors.ts'
import { type OutboxEntry, type OutboxStore, openOutboxStore } from '../../../services/runtime/store.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'
import { replaceBlocks } from '../../support/replaceBlocks.ts'
import { chainByHand, connectTo, pay, payee } from './payments.ts'

const log = createLog('test', 'silent')

describe('nonces of an outbox', () => {
  let folder: string
  let node: AnvilNode
  let client: PublicClient
  let account: LocalAccount
  let open: Outbox[]

  before(async () => {
    node = await startAnvil(chainByHand)
    client = connectTo(node.url)
    await mine()
  })
  after(() => node.kill())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nonces-'))
    account = privateKeyToAccount(generatePrivateKey())
    open = []
    await node.rpc('anvil_setBalance', account.address, toHex(10n ** 20n))
    await mine()
  })
  afterEach(async () => {
    await crash()
    await node.rpc('anvil_dropAllTransactions')
    await rm(folder, { recursive: true })
  })

  const mine = () => node.rpc('evm_mine')
  const openStore = () => openOutboxStore(join(folder, 'outbox'))
  type More = { store?: OutboxStore; safeHead?: () => Promise<bigint>; stuckBlocks?: bigint }
  const openQueue = async (more: More = {}) => {
    const signal = new AbortController().signal
    const store = more.store ?? (await openStore())
    const outbox = await openOutbox({ client, account, log, signal, pollMs: 20, ...more, store })
    open.push(outbox)
    return outbox
  }
  const crash = async () => {
    for (const outbox of open.splice(0)) await outbox.close()
  }
  const effects = (n: number) => client.getBalance({ address: payee(n) })
  const until = async (
    condition: () => boolean | Promise<boolean>,
    meanwhile: () => Promise<unknown> = mine,
  ) => {
    while (!(await condition())) {
      await meanwhile()
      await sleep(20)
    }
  }
  const stored = (outbox: Outbox, key: string) =>
    until(
      () => outbox.lookup(key) !== undefined,
      () => sleep(5),
    )
  /** How a send ended, without anybody waiting for it. */
  const begin = (outbox: Outbox, n: number) => {
    const end: { told?: string } = {}
    outbox.send(pay(n)).then(
      ({ status }) => Object.assign(end, { told: status }),
      (error: unknown) => Object.assign(end, { told: error instanceof Error ? error.name : 'unknown' }),
    )
    return end
  }

  it('are taken back by nothing with at least a tenth more, stored before it is sent, and what waits behind goes on', async () => {
    const store = await openStore()
    const onDisk = new Set<Hex>()
    const noting = Object.assign(Object.create(store) as OutboxStore, {
      put: async (entry: OutboxEntry) => {
        await store.put(entry)
        for (const { raw } of entry.forms) onDisk.add(raw)
      },
    })
    const outbox = await openQueue({ store: noting })
    const [one, two] = [begin(outbox, 1), begin(outbox, 2)]
    await stored(outbox, 'pay:2')
    const { waiting, next, latest, pending, gaps } = await outbox.nonces()
    assert.deepEqual([next, latest, pending, gaps], [2, 0, 2, []])
    const first = waiting.find(({ key }) => key === 'pay:1')
    assert.ok(first && first.forms === 1 && !first.isCancelled)

    const { forms } = await outbox.cancel(first.nonce)
    assert.equal((await outbox.cancel(first.nonce)).forms.length, 2, 'twice is once')
    assert.ok(forms.every(({ raw }) => onDisk.has(raw)))
    const [intent, nothing] = forms
    assert.ok(intent && nothing?.cancels && nothing.maxFeePerGas * 100n >= intent.maxFeePerGas * 110n)
    await until(() => one.told !== undefined && two.told !== undefined)
    assert.deepEqual([one.told, two.told], ['IntentCancelledError', 'success'])
    assert.deepEqual([await effects(1), await effects(2)], [0n, 1n])
    const { to, value } = await client.getTransaction({ hash: nothing.hash })
    assert.deepEqual([to?.toLowerCase(), value], [account.address.toLowerCase(), 0n])
    await assert.rejects(outbox.send(pay(1)), IntentCancelledError)
  })

  it('stay taken back when nothing itself is stuck: what replaces it is nothing too', async () => {
    const outbox = await openQueue({ stuckBlocks: 2n })
    const end = begin(outbox, 7)
    await stored(outbox, 'pay:7')
    const { forms } = await outbox.cancel(0)
    const dear = toHex((forms.at(-1)?.maxFeePerGas ?? 0n) * 3n)
    await until(
      () => (outbox.lookup('pay:7')?.forms.length ?? 0) > 2,
      async () => {
        await node.rpc('anvil_setNextBlockBaseFeePerGas', dear)
        await mine()
      },
    )
    await until(() => end.told !== undefined)
    assert.equal(end.told, 'IntentCancelledError')
    assert.deepEqual(
      outbox
        .lookup('pay:7')
        ?.forms.slice(1)
        .every(({ cancels }) => cancels),
      true,
    )
    assert.equal(await effects(7), 0n)
  })

  it('free what they were for only when nothing is final in their place, and then for one more try', async () => {
    let safe = 0n
    const outbox = await openQueue({ safeHead: () => Promise.resolve(safe) })
    const { key: effect, ...intent } = pay(3)
    const now = { effect, missingAt: await client.getBlockNumber() }
    const first = sendOnce(outbox, now, intent).catch((error: unknown) => error)
    await stored(outbox, 'pay:3#0')
    await outbox.cancel(0)
    await crash()
    assert.ok((await first) instanceof Error)

    const again = await openQueue({ safeHead: () => Promise.resolve(safe) })
    await mine()
    await sleep(100)
    assert.ok(isUnderWay(again, effect, now.missingAt), 'mined, and may still be taken back')
    safe = await client.getBlockNumber()
    await until(
      () => !isUnderWay(again, effect, now.missingAt),
      () => sleep(5),
    )
    assert.equal(again.lookup('pay:3#0')?.settled?.status, 'cancelled')
    const second = sendOnce(again, now, intent)
    await stored(again, 'pay:3#1')
    safe = 10n ** 9n
    await until(async () => (await effects(3)) > 0n)
    assert.equal((await second)?.status, 'success')
    assert.equal(await effects(3), 1n)
  })

  it('below what waits are filled when nothing stands for them, as when a damaged store lost an intent', async () => {
    const outbox = await openQueue()
    for (const n of [4, 5, 6]) begin(outbox, n)
    await until(
      () => outbox.pending() === 3,
      () => sleep(5),
    )
    const lost = [...outbox.entries()].find(({ nonce }) => nonce === 1)
    await crash()
    const db = await openLevel(join(folder, 'outbox'))
    await db.del(`!entries!${lost?.key}`)
    await db.close()
    await node.rpc('anvil_dropAllTransactions')

    const again = await openQueue()
    await until(async () => (await again.nonces()).latest === 1)
    assert.deepEqual((await again.nonces()).gaps, [1])
    assert.deepEqual(await again.fillGaps(), [1])
    await until(() => again.pending() === 0)
    const paid = await Promise.all([4, 5, 6].map(effects))
    assert.equal(
      paid.reduce((sum, wei) => sum + wei),
      2n,
    )
    assert.equal(again.lookup('fill:1#0')?.settled?.status, 'cancelled')
    assert.deepEqual(await again.fillGaps(), [])
    await assert.rejects(again.cancel(0), (error) => error instanceof NonceNotOpenError && error.nonce === 0)
    await assert.rejects(again.cancel(9), NonceNotOpenError)
  })

  it('are filled by themselves once L1 has given up what a foreign transaction used, and no sooner', async () => {
    const stuckBlocks = 3n
    const raw = await account.signTransaction({
      ...{ chainId: 900, nonce: 0, to: payee(8), gas: 21_000n, type: 'eip1559' },
      ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n },
    })
    await client.sendRawTransaction({ serializedTransaction: raw })
    await mine()
    const outbox = await openQueue({ stuckBlocks })
    const end = begin(outbox, 9)
    await stored(outbox, 'pay:9')
    assert.equal(outbox.lookup('pay:9')?.nonce, 1)
    await replaceBlocks(node.url, 1)
    await node.rpc('anvil_dropAllTransactions')
    const isFilled = () => outbox.lookup('fill:0#0') !== undefined

    await until(async () => (await outbox.nonces()).gaps.length > 0)
    await sleep(100)
    for (let blocks = 1n; blocks < stuckBlocks; blocks++) await mine()
    await sleep(200)
    assert.equal(isFilled(), false, 'a block too soon')
    await until(isFilled)
    assert.equal(outbox.lookup('pay:9')?.forms.length, 1, 'more would not have moved it')
    await until(() => end.told !== undefined)
    assert.deepEqual([end.told, await effects(9)], ['success', 1n])
    assert.deepEqual((await outbox.nonces()).gaps, [])
  })

  it('pay once or were cancelled, and say which, whatever is cancelled when and through kills', async () => {
    let n = 100
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('send', 'cancel', 'mine', 'kill', 'dear'), { minLength: 4, maxLength: 14 }),
        async (steps) => {
          const from = n
          let outbox = await openQueue()
          for (const step of steps) {
            if (step === 'send') {
              begin(outbox, n)
              await stored(outbox, `pay:${n}`)
              n += 1
            }
            if (step === 'cancel') {
              const [waiting] = (await outbox.nonces()).waiting
              if (waiting !== undefined) await outbox.cancel(waiting.nonce).catch(notOpen)
            }
            if (step === 'mine') await mine()
            if (step === 'dear') await node.rpc('anvil_setNextBlockBaseFeePerGas', toHex(3n * 10n ** 9n))
            if (step === 'kill') {
              await crash()
              outbox = await openQueue()
            }
          }
          await until(() => outbox.pending() === 0)
          for (let each = from; each < n; each++) {
            const status = outbox.lookup(`pay:${each}`)?.settled?.status
            assert.ok(status === 'success' || status === 'cancelled')
            assert.equal(await effects(each), status === 'success' ? 1n : 0n, `pay:${each} ${status}`)
          }
          await crash()
        },
      ),
      { numRuns: 6 },
    )
  })
})

function notOpen(error: unknown): void {
  assert.ok(error instanceof NonceNotOpenError)
}

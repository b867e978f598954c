import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from 'viem'
import {
  CopyExistsError,
  StoreDamagedError,
  StoreVersionError,
} from '../../../../services/runtime/database/errors.ts'
import { sealRow } from '../../../../services/runtime/database/seal.ts'
import { type Database, openLevel } from '../../../../services/runtime/database/store.ts'
import { oldCopyOf } from '../../../../services/runtime/database/version.ts'
import { type OutboxEntry, openOutboxStore } from '../../../../services/runtime/store.ts'
import type { MessageRecord } from '../../../../services/sequencer/records.ts'
import { openSequencerStore } from '../../../../services/sequencer/store.ts'

const entry = (nonce: number): OutboxEntry => ({
  key: `pay:${nonce}#0`,
  nonce,
  to: null,
  data: '0x',
  value: 10n ** 18n,
  gas: 21_000n,
  forms: [],
})
const hashOf = (n: number) => toHex(n, { size: 32 })
// Safe: the store looks at nothing in a message but its id, kind and state.
const message = (n: number, state: string) =>
  ({ id: hashOf(n), kind: 'deposit', state, amount: 7n }) as unknown as MessageRecord

describe('version of a store', () => {
  let folder: string
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'version-')), 'store')
  })
  afterEach(() => rm(join(folder, '..'), { recursive: true }))

  const rows = async (path: string): Promise<[string, string][]> => {
    const db = await openLevel(path)
    const all = await db.iterator().all()
    await db.close()
    return all
  }
  const edit = async (change: (db: Database) => Promise<void>) => {
    const db = await openLevel(folder)
    await change(db)
    await db.close()
  }
  const fill = async () => {
    const store = await openSequencerStore(folder, 'here')
    const header = (n: bigint) => ({ number: n, hash: hashOf(Number(n)) })
    await store.apply({ l1: 1n }, { l1: [header(1n)], messages: [message(1, 'seen'), message(2, 'seen')] })
    await store.apply({ l1: 2n }, { l1: [header(2n)], messages: [message(2, 'final'), message(3, 'seen')] })
    await store.putWord('pause', { reason: 'a look', at: 'now' })
    await store.close()
  }
  /** What version 1 wrote: bare JSON, the network as bare text, rows within rows of `undo` the same, and no version. */
  const age = () =>
    edit(async (db) => {
      for (const [key, text] of await db.iterator().all()) {
        const bare = text.slice(9).replace(/"value":"[0-9a-f]{8} /g, '"value":"')
        if (key === '!meta!version') await db.del(key)
        else await db.put(key, key === '!meta!network' || key === '!meta!identity' ? JSON.parse(bare) : bare)
      }
    })
  const contents = async () => {
    const store = await openSequencerStore(folder, 'here')
    const messages: MessageRecord[] = []
    for await (const one of store.messages()) messages.push(one)
    const words = [...(await store.words())]
    const found = { messages, words, tally: store.tally(), l1: await store.l1Header(2n) }
    await store.rewind({ l1: 1n, l2: 0n })
    const rewound = { two: await store.message(hashOf(2)), three: await store.message(hashOf(3)) }
    await store.close()
    return { ...found, rewound }
  }

  it('is brought up once, what is in it stays, and a copy of what it was is left', async () => {
    await fill()
    await age()
    const before = await rows(folder)
    const found = await contents()
    assert.deepEqual(found.messages, [message(1, 'seen'), message(2, 'final'), message(3, 'seen')])
    assert.deepEqual(found.words, [['pause', { reason: 'a look', at: 'now' }]])
    assert.deepEqual(found.tally.counts.deposit, { seen: 2, final: 1 })
    assert.deepEqual(found.l1, { number: 2n, hash: hashOf(2) })
    assert.deepEqual(found.rewound, { two: message(2, 'seen'), three: undefined })
    assert.deepEqual(await rows(oldCopyOf(folder)), before)
  })

  it('goes on where a kill left rows of both versions', async () => {
    await fill()
    const sealed = await rows(folder)
    await age()
    await edit((db) => db.batch(sealed.slice(0, 4).map(([key, value]) => ({ type: 'put', key, value }))))
    assert.ok(sealed.slice(0, 4).every(([key]) => key !== '!meta!version'))
    assert.deepEqual((await contents()).tally.counts.deposit, { seen: 2, final: 1 })
  })

  it('is brought up for an outbox too', async () => {
    const store = await openOutboxStore(folder)
    await store.bind('chain 1')
    for (const nonce of [0, 1, 2]) await store.put(entry(nonce))
    await store.close()
    await age()
    const again = await openOutboxStore(folder)
    assert.equal(await again.identity(), 'chain 1')
    assert.deepEqual(await again.entries(), [entry(0), entry(1), entry(2)])
    await again.close()
  })

  it('of a newer program is refused, and of an older one where a row is no JSON; nothing is changed', async () => {
    await fill()
    await edit((db) => db.put('!meta!version', sealRow('!meta!version', 3)))
    const future = await rows(folder)
    await assert.rejects(
      openSequencerStore(folder, 'here'),
      (error) => error instanceof StoreVersionError && error.found === 3 && error.known === 2,
    )
    assert.deepEqual(await rows(folder), future)
    assert.equal(existsSync(oldCopyOf(folder)), false)

    await edit((db) => db.put('!meta!version', sealRow('!meta!version', 2)))
    await age()
    const torn = `!messages!${hashOf(2)}`
    await edit((db) => db.put(torn, '{"id":"0x'))
    const before = await rows(folder)
    await assert.rejects(
      openSequencerStore(folder, 'here'),
      (error) => error instanceof StoreDamagedError && error.place === torn && error.store === folder,
    )
    assert.deepEqual(await rows(folder), before)
  })

  it('is in a copy that was taken while the store was written to', async () => {
    await fill()
    const store = await openSequencerStore(folder, 'here')
    const copy = `${folder}.copy`
    const copied = store.copy(copy)
    await store.update(hashOf(1), (one) => message(1, one.state === 'seen' ? 'final' : 'lost'))
    await copied
    await assert.rejects(store.copy(copy), CopyExistsError)
    await store.close()
    const states = async (path: string) => {
      const opened = await openSequencerStore(path, 'here')
      const { deposit } = opened.tally().counts
      await opened.close()
      return deposit
    }
    assert.deepEqual(await states(folder), { seen: 1, final: 2 })
    const held = await states(copy)
    assert.ok(held.final === 1 || held.final === 2)
  })

  it('has rows that are looked at when the store is opened: a changed, a moved and a missing one are told', async () => {
    await fill()
    const key = `!messages!${hashOf(2)}`
    const [, text = ''] = (await rows(folder)).find(([each]) => each === key) ?? []
    const damages: ((db: Database) => Promise<void>)[] = [
      (db) => db.put(key, text.replace('final', 'seem!')),
      (db) =>
        db.batch([
          { type: 'del', key },
          { type: 'put', key: `!messages!${hashOf(9)}`, value: text },
        ]),
      (db) => db.del(key),
      (db) => db.put('!meta!tally', text),
    ]
    for (const damage of damages) {
      await edit(damage)
      await assert.rejects(openSequencerStore(folder, 'here'), StoreDamagedError)
      await rm(folder, { recursive: true })
      await fill()
    }
  })
})

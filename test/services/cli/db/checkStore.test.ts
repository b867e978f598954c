import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { checkStore, storesIn } from '../../../../services/cli/db/checkStore.ts'
import { StoreInUseError } from '../../../../services/runtime/outboxErrors.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { openSequencerStore } from '../../../../services/sequencer/store.ts'
import { damageRow, entry, hashOf, identity, makeStores, message, network, rowsIn } from './storeFixture.ts'

describe('a look at stores', () => {
  let folder: string
  const path = (name: string) => join(folder, name)
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'check-'))
    await makeStores(folder)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('says what is in them and finds nothing wrong, and changes no row', async () => {
    assert.deepEqual(await storesIn(folder), ['messages', 'sequencer'])
    const before = await rowsIn(path('messages'))
    const messages = await checkStore(path('messages'))
    assert.deepEqual(messages.findings, [])
    assert.equal(messages.kind, 'messages')
    assert.equal(messages.belongsTo, network)
    assert.equal(messages.version, 2)
    assert.deepEqual(messages.rows, { l1: 3, l2: 3, messages: 3, meta: 3, outputs: 3, undo: 6, words: 1 })
    assert.deepEqual(messages.heads?.l2, { number: 3n, hash: hashOf(103) })
    const outbox = await checkStore(path('sequencer'))
    assert.deepEqual(outbox.findings, [])
    assert.equal(outbox.belongsTo, identity)
    assert.deepEqual(outbox.outbox, { pending: 2, nextNonce: 7 })
    assert.deepEqual(await rowsIn(path('messages')), before)
  })

  it('names a row with another checksum, a missing header, a wrong count and a message that contradicts itself', async () => {
    const found = async () => (await checkStore(path('messages'))).findings.map(({ place }) => place)
    await damageRow(path('messages'), '!l2!000000000002', () => undefined)
    assert.deepEqual(await found(), ['l2 000000000003'])
    await damageRow(path('messages'), '!l2!000000000001', (text) =>
      text.replace('"minted":"0n"', '"minted":"9n"'),
    )
    assert.deepEqual(await found(), ['!l2!000000000001'])
    await rm(path('messages'), { recursive: true })
    await makeStores(folder)
    await damageRow(path('messages'), `!messages!${hashOf(2)}`, () => undefined)
    assert.deepEqual(await found(), ['meta tally'])

    await rm(path('messages'), { recursive: true })
    const store = await openSequencerStore(path('messages'), network)
    await store.apply({ l1: 1n }, { messages: [{ ...message(1, 'seen'), history: [] }] })
    await store.close()
    assert.deepEqual(await found(), [`messages ${hashOf(1)}`])
  })

  it('names transactions that share a nonce, those of another key, and the nonce that is missing', async () => {
    const outbox = await openOutboxStore(path('sequencer'))
    const stranger = privateKeyToAccount(generatePrivateKey())
    await outbox.put({ ...(await entry(5)), key: 'twice#0' })
    await outbox.put({ ...(await entry(9)), key: 'gap#0' })
    await outbox.put({ ...(await entry(10, stranger)), key: 'stranger#0' })
    await outbox.put({ ...(await entry(12)), key: 'other nonce#0', nonce: 11 })
    await outbox.close()
    const { findings } = await checkStore(path('sequencer'))
    const told = findings.map(({ place, problem, grave }) => `${grave ? '!' : ''}${place}: ${problem}`).sort()
    assert.deepEqual(told, [
      '!entries other nonce#0: it is signed with nonce 12 instead of 11',
      `!entries stranger#0: it is signed by ${stranger.address}`,
      '!entries twice#0: it has the nonce 5, and so has pay:5#0',
      'entries gap#0: it waits with nonce 9, and nothing here has 8',
    ])
  })

  it('leaves a store alone that is in use', async () => {
    const outbox = await openOutboxStore(path('sequencer'))
    await assert.rejects(checkStore(path('sequencer')), StoreInUseError)
    await outbox.close()
  })
})

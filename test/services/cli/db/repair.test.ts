import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkStore } from '../../../../services/cli/db/checkStore.ts'
import { repairStore } from '../../../../services/cli/db/repair.ts'
import { StoreDamagedError } from '../../../../services/runtime/database/errors.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { openSequencerStore } from '../../../../services/sequencer/store.ts'
import { damageRow, entry, hashOf, identity, makeStores, network, rowsIn } from './storeFixture.ts'

describe('a repair', () => {
  let folder: string
  const path = (name: string) => join(folder, name)
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'repair-'))
    await makeStores(folder)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('does nothing where nothing is wrong', async () => {
    const before = await rowsIn(path('messages'))
    const { putAside, lost } = await repairStore(path('messages'))
    assert.equal(putAside, undefined)
    assert.deepEqual(lost, [])
    assert.deepEqual(await rowsIn(path('messages')), before)
    assert.deepEqual((await readdir(folder)).sort(), ['messages', 'sequencer'])
  })

  it('drops all messages when one is damaged, as the chains have them, and keeps proofs and words', async () => {
    await damageRow(path('messages'), `!messages!${hashOf(2)}`, (text) => text.replace('final', 'seem!'))
    const damaged = await rowsIn(path('messages'))
    const { putAside, lost, isReadAnew, left } = await repairStore(path('messages'))
    assert.deepEqual(lost, [])
    assert.deepEqual(left, [])
    assert.equal(isReadAnew, true)
    assert.deepEqual(await rowsIn(putAside ?? ''), damaged)
    const store = await openSequencerStore(path('messages'), network)
    assert.equal(await store.l2Head(), undefined)
    assert.deepEqual(store.tally().counts, { deposit: {}, withdrawal: {} })
    assert.equal((await store.output(2n))?.blockHash, hashOf(102))
    assert.equal((await store.words()).get('pause')?.reason, 'a look')
    await store.close()
  })

  it('names what nobody else has and is lost', async () => {
    await damageRow(path('messages'), '!outputs!000000000002', (text) => text.slice(0, -3))
    await damageRow(path('messages'), '!words!pause', (text) => text.replace('look', 'book'))
    const repaired = await repairStore(path('messages'))
    assert.deepEqual(repaired.lost, ['!outputs!000000000002', '!words!pause'])
    await damageRow(path('sequencer'), '!entries!pay:5#0', (text) => text.replace('21000n', '21001n'))
    const { lost, isReadAnew, left } = await repairStore(path('sequencer'))
    assert.deepEqual(lost, ['!entries!pay:5#0'])
    assert.equal(isReadAnew, false)
    // Nothing here fills that nonce any more; only the chain knows whether it is used.
    assert.deepEqual(
      left.map(({ place, grave }) => [place, grave]),
      [['entries pay:6#0', false]],
    )
    const outbox = await openOutboxStore(path('sequencer'))
    assert.equal(await outbox.identity(), identity)
    assert.deepEqual(await outbox.entries(), [await entry(4), await entry(6)])
    await outbox.close()
  })

  it('makes a store of what LevelDB can still read in broken files', async () => {
    // Into a table, and more rows behind it in the log.
    const outbox = await openOutboxStore(path('sequencer'))
    for (let nonce = 7; nonce < 200; nonce++) await outbox.put(await entry(nonce))
    await outbox.close()
    const [log = ''] = (await readdir(path('sequencer'))).filter((name) => name.endsWith('.log'))
    const bytes = await readFile(join(path('sequencer'), log))
    bytes.writeUInt8(bytes.readUInt8(40_000) ^ 1, 40_000)
    await writeFile(join(path('sequencer'), log), bytes)
    await assert.rejects(openOutboxStore(path('sequencer')), StoreDamagedError)

    const { lost, left } = await repairStore(path('sequencer'))
    assert.match(lost[0] ?? '', new RegExp(log))
    assert.ok(left.every(({ grave }) => !grave))
    const { findings, rows } = await checkStore(path('sequencer'))
    assert.ok(findings.every(({ grave }) => !grave))
    assert.ok((rows.entries ?? 0) > 3)
    const again = await openOutboxStore(path('sequencer'))
    const kept = await again.entries()
    await again.close()
    for (const one of kept) assert.deepEqual(one, await entry(one.nonce))
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '../../../../chain/manifest.ts'
import { backUp } from '../../../../services/cli/db/backup.ts'
import { NoStoresError, OtherBackupError, StoreNotEmptyError } from '../../../../services/cli/db/errors.ts'
import { restore } from '../../../../services/cli/db/restore.ts'
import { CopyExistsError, NotABackupError } from '../../../../services/runtime/database/errors.ts'
import { StoreInUseError } from '../../../../services/runtime/outboxErrors.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { damageRow, entry, makeStores, network, rowsIn } from './storeFixture.ts'

describe('a backup', () => {
  let root: string
  let folder: string
  let backup: string
  // The service does not run here: nobody is asked.
  const manifest = () => Promise.reject<Manifest>(new Error('asked'))
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'backup-'))
    folder = join(root, 'sequencer')
    backup = join(root, 'backup')
    await makeStores(folder)
  })
  afterEach(() => rm(root, { recursive: true }))
  const put = async (force = false, over: { network?: string } = {}) =>
    restore({ folder, backup, force, network, ...over })
  const contents = async (where = folder) => ({
    messages: await rowsIn(join(where, 'messages')),
    sequencer: await rowsIn(join(where, 'sequencer')),
  })

  it('holds all rows, and puts them back into an empty folder', async () => {
    const before = await contents()
    assert.deepEqual(await backUp(folder, backup, manifest), ['messages', 'sequencer'])
    await assert.rejects(backUp(folder, backup, manifest), CopyExistsError)
    await rm(folder, { recursive: true })
    assert.deepEqual((await put()).putAside, [])
    assert.deepEqual(await contents(), before)
    assert.deepEqual((await readdir(folder)).sort(), ['messages', 'sequencer'])
    await assert.rejects(backUp(join(root, 'nowhere'), join(root, 'b'), manifest), NoStoresError)
  })

  it('puts stores that are not empty aside when it is told to, and otherwise changes nothing', async () => {
    await backUp(folder, backup, manifest)
    const old = await contents()
    const outbox = await openOutboxStore(join(folder, 'sequencer'))
    await outbox.put(await entry(7))
    await assert.rejects(put(true), StoreInUseError)
    await outbox.close()
    const newer = await contents()
    await assert.rejects(
      put(),
      (error) => error instanceof StoreNotEmptyError && error.stores.join() === 'messages,sequencer',
    )
    assert.deepEqual(await contents(), newer)
    const { putAside } = await put(true)
    assert.deepEqual(await contents(), old)
    const aside = putAside.find((path) => path.includes('/sequencer.before-'))
    assert.deepEqual(await rowsIn(aside ?? ''), newer.sequencer)
  })

  it('is refused for another network, and when it is not whole', async () => {
    await backUp(folder, backup, manifest)
    const before = await contents()
    await assert.rejects(put(true, { network: 'L1 1, L2 2' }), OtherBackupError)
    const other = join(root, 'other')
    await makeStores(other, 'L1 1, L2 2')
    await assert.rejects(
      restore({ folder: other, backup, force: true, network: undefined }),
      (error) => error instanceof OtherBackupError && error.here === 'L1 1, L2 2',
    )

    await damageRow(join(backup, 'messages'), '!words!pause', (text) => text.replace('look', 'book'))
    await assert.rejects(
      put(true),
      (error) => error instanceof NotABackupError && /words!pause/.test(error.message),
    )
    await writeFile(
      join(backup, 'backup.json'),
      (await readFile(join(backup, 'backup.json'), 'utf8')).slice(0, 20),
    )
    await assert.rejects(put(true), NotABackupError)
    await rm(join(backup, 'backup.json'))
    await assert.rejects(put(true), NotABackupError)
    assert.deepEqual(await contents(), before)
  })
})

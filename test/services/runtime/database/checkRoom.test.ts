import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkRoom } from '../../../../services/runtime/database/checkRoom.ts'
import { DiskFullError } from '../../../../services/runtime/database/errors.ts'
import { mountSmallDisk, type SmallDisk } from '../../../support/smallDisk.ts'

describe('room on a disk', function () {
  this.timeout(60_000)
  let disk: SmallDisk

  before(async function () {
    disk = await mountSmallDisk(12, this)
  })
  after(() => disk?.unmount())

  it('is looked for by writing, in every folder, and nothing of it is left', async () => {
    const folders = [join(disk.path, 'one'), join(disk.path, 'two', 'three')]
    await checkRoom(folders)
    await disk.fill(100)
    await assert.rejects(
      checkRoom(folders),
      (error) => error instanceof DiskFullError && error.folder === folders[0],
    )
    await disk.free()
    await checkRoom(folders)
    for (const folder of folders) assert.deepEqual(await readdir(folder), [])
  })

  it('is not what is missing where a folder can not be made', async () => {
    const file = join(disk.path, 'file')
    await writeFile(file, '')
    await assert.rejects(checkRoom([join(file, 'one')]), (error) => !(error instanceof DiskFullError))
  })
})

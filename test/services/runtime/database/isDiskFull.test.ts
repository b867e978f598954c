import assert from 'node:assert/strict'
import { StoreNotWrittenError } from '../../../../services/runtime/database/errors.ts'
import { isDiskFull } from '../../../../services/runtime/database/isDiskFull.ts'

// What LevelDB says on a disk that is really full is asked in guard.test.ts.

const coded = (code: string, message: string) => Object.assign(new Error(message), { code })

describe('whether a disk is full', () => {
  it('is found among the causes', () => {
    for (const cause of [
      coded('ENOSPC', 'ENOSPC: no space left on device, write'),
      coded('EDQUOT', 'EDQUOT: disk quota exceeded, write'),
      coded('LEVEL_IO_ERROR', 'IO error: messages/000005.log: Disk quota exceeded'),
    ]) {
      assert.ok(isDiskFull(cause))
      assert.ok(isDiskFull(new StoreNotWrittenError('messages', new Error('wrapped', { cause }))))
    }
  })

  it('is not so of a disk that is broken or may only be read, nor by the name of a file', () => {
    for (const cause of [
      coded('EIO', 'EIO: i/o error, write'),
      coded('EROFS', 'EROFS: read-only file system, open'),
      coded('LEVEL_IO_ERROR', 'IO error: messages/000005.log: Input/output error'),
      coded('LEVEL_IO_ERROR', 'IO error: a: No space left on device/000005.log: Input/output error'),
      coded('LEVEL_CORRUPTION', 'Corruption: messages: No space left on device'),
      new Error('No space left on device'),
      'ENOSPC',
    ]) {
      assert.ok(!isDiskFull(cause))
      assert.ok(!isDiskFull(new StoreNotWrittenError('messages', cause)))
    }
  })
})

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { readWriteLock } from '../../../services/sequencer/lock.ts'

describe('lock', () => {
  it('never lets a writer in beside anybody, and lets everybody in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (writes) => {
        const lock = readWriteLock()
        let [readers, writers, done] = [0, 0, 0]
        const read = async () => {
          readers += 1
          assert.equal(writers, 0)
          await sleep(0)
          readers -= 1
          done += 1
        }
        const write = async () => {
          writers += 1
          assert.deepEqual([readers, writers], [0, 1])
          await sleep(0)
          writers -= 1
          done += 1
        }
        await Promise.all(writes.map((isWrite) => (isWrite ? lock.write(write) : lock.read(read))))
        assert.equal(done, writes.length)
      }),
      { numRuns: 50 },
    )
  })

  it('is free again after a task that failed', async () => {
    const lock = readWriteLock()
    await assert.rejects(
      lock.write(() => Promise.reject(new TypeError('no'))),
      TypeError,
    )
    await assert.rejects(
      lock.read(() => Promise.reject(new TypeError('no'))),
      TypeError,
    )
    assert.equal(await lock.write(() => Promise.resolve(7)), 7)
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createRecent } from '../../../services/runtime/recent.ts'

describe('recent', () => {
  it('answers what is stored, whatever is read and written at the same time, and whatever fails', async () => {
    const step = fc.record({
      key: fc.integer({ max: 1, min: 0 }),
      kind: fc.constantFrom('get', 'set', 'set', 'failing'),
    })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 20 }), async (s, steps) => {
        const stored = new Map<number, number>()
        const recent = createRecent<number, number>(2)
        const disk = async (task: () => number | undefined) => {
          await s.schedule(Promise.resolve())
          return task()
        }
        const work = steps.map(async ({ key, kind }, value) => {
          if (kind === 'get') return recent.get(key, () => disk(() => stored.get(key)))
          const write = async () => {
            await disk(() => {
              if (kind === 'set') stored.set(key, value)
              return undefined
            })
            if (kind === 'failing') throw new Error('the disk is full')
          }
          return recent.set(key, value, write).catch(() => undefined)
        })
        await s.waitIdle()
        await Promise.all(work)
        for (const key of [0, 1])
          assert.equal(await recent.get(key, async () => stored.get(key)), stored.get(key), `key ${key}`)
      }),
    )
  })

  it('reads again only what it has forgotten', async () => {
    const recent = createRecent<number, string>(2)
    const reads: number[] = []
    const get = (key: number) =>
      recent.get(key, async () => {
        reads.push(key)
        return `value ${key}`
      })
    for (const key of [1, 2, 1, 2, 3, 3, 1]) assert.equal(await get(key), `value ${key}`)
    assert.deepEqual(reads, [1, 2, 3, 1])
  })
})

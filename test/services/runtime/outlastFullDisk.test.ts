import assert from 'node:assert/strict'
import { DiskFullError, StoreDamagedError } from '../../../services/runtime/database/errors.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { outlastFullDisk } from '../../../services/runtime/outlastFullDisk.ts'

// That it goes on by itself is seen in the simulator, on virtual time, and on a real disk in sequencer/main.fullDisk.test.ts.

const log = createLog('test', 'silent')
const full = new DiskFullError('here', 8 << 20, Object.assign(new Error('full'), { code: 'ENOSPC' }))

describe('a service whose disk is full', () => {
  const stopping = () => {
    const controller = new AbortController()
    const reasons: string[] = []
    const standAside = async (reason: string) => {
      reasons.push(reason)
      controller.abort()
    }
    return { signal: controller.signal, standAside, reasons }
  }

  it('says why, is not run without room, and ends by the signal', async () => {
    const { signal, standAside, reasons } = stopping()
    const checkRoom = () => Promise.reject(full)
    await outlastFullDisk({ log, signal, checkRoom, standAside }, () => assert.fail('it ran'))
    assert.deepEqual(reasons, [full.message])
  })

  it('is stood aside for whatever its disk made fail', async () => {
    const { signal, standAside, reasons } = stopping()
    await outlastFullDisk({ log, signal, checkRoom: async () => {}, standAside }, (begun) => {
      begun()
      return Promise.reject(full)
    })
    assert.deepEqual(reasons, [full.message])
  })

  it('ends with what is no matter of room', async () => {
    const { signal, standAside, reasons } = stopping()
    const damage = new StoreDamagedError('messages', '000005.log', 'cut')
    const run = () => Promise.reject(damage)
    await assert.rejects(outlastFullDisk({ log, signal, checkRoom: async () => {}, standAside }, run), damage)
    await assert.rejects(
      outlastFullDisk({ log, signal, checkRoom: run, standAside }, () => assert.fail('it ran')),
      damage,
    )
    assert.deepEqual(reasons, [])
  })
})

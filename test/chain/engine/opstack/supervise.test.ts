import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ComponentFailedError, ComponentStartError } from '../../../../chain/engine/opstack/errors.ts'
import { type Life, supervise } from '../../../../chain/engine/opstack/supervise.ts'

const limits = { restarts: 3, firstPauseMs: 5, calmMs: 10_000 }

/** Lives that end when they are told to. */
function lives() {
  const all: { end: (how: string) => void; isOver: boolean }[] = []
  const start = async (): Promise<Life> => {
    let end: (how: string) => void = () => {}
    const ended = new Promise<string>((resolve) => {
      end = (how) => {
        life.isOver = true
        resolve(how)
      }
    })
    const life = { end: (how: string) => end(how), isOver: false }
    all.push(life)
    return { ended, stop: async () => end('stopped') }
  }
  return { all, start, newest: () => all.at(-1), living: () => all.filter(({ isOver }) => !isOver).length }
}

describe('supervise', () => {
  const common = { name: 'component', logFile: 'component.log', limits }

  it('starts again what ended, and says how it had ended', async () => {
    const { start, all, newest, living } = lives()
    const revivals: string[] = []
    const supervised = await supervise({ ...common, start, onRevived: (how) => revivals.push(how) })
    newest()?.end('SIGKILL')
    await sleep(50)
    assert.deepEqual(revivals, ['SIGKILL'])
    assert.equal(all.length, 2)
    await supervised.stop()
    assert.equal(living(), 0)
  })

  it('gives up after the limit, naming the log', async () => {
    const { start, all, newest } = lives()
    const supervised = await supervise({ ...common, start })
    for (let ends = 0; ends <= limits.restarts; ends++) {
      newest()?.end('exit code 1')
      await sleep(100)
    }
    const error = await supervised.failed
    assert.ok(error instanceof ComponentFailedError)
    assert.match(error.message, /component\.log/)
    assert.equal(all.length, 1 + limits.restarts)
  })

  it('counts a start that fails as an end', async () => {
    const { start, newest } = lives()
    let starts = 0
    const supervised = await supervise({
      ...common,
      start: () => {
        if (starts++ === 0) return start()
        throw new ComponentStartError('component', 'exit code 1', 'component.log', '')
      },
    })
    newest()?.end('SIGKILL')
    assert.ok((await supervised.failed) instanceof ComponentFailedError)
    assert.equal(starts, 1 + limits.restarts)
  })

  it('never has two lives, and none while it is paused', async () => {
    const { start, all, newest, living } = lives()
    const supervised = await supervise({ ...common, start })
    await Promise.all([supervised.restart(), supervised.restart()])
    assert.equal(living(), 1)
    await supervised.pause()
    await supervised.restart()
    assert.equal(living(), 0)
    await supervised.resume()
    newest()?.end('SIGKILL')
    await Promise.all([supervised.restart(), supervised.stop()])
    await sleep(50)
    assert.equal(living(), 0)
    assert.ok(all.length >= 4)
  })

  it('fails when the first start does', async () => {
    const start = () =>
      Promise.reject(new ComponentStartError('component', 'exit code 1', 'component.log', ''))
    await assert.rejects(supervise({ ...common, start }), ComponentStartError)
  })
})

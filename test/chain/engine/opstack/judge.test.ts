import assert from 'node:assert/strict'
import fc from 'fast-check'
import { judge, limitsOf, type Observation, type WatchState } from '../../../../chain/engine/opstack/judge.ts'

const limits = { stallMs: 30_000, lagBlocks: 50, windowBlocks: 200 }

/** A chain in good health at second `at`, with what is wrong with it. */
const seen = (at: number, wrong: Partial<Observation> = {}): Observation => ({
  nowMs: at * 1_000,
  l1Reorganised: false,
  l1Head: 100 + Math.floor(at / 2),
  safe: 200 + Math.floor(at / 2),
  unsafe: 203 + Math.floor(at / 2),
  safeOrigin: 96 + Math.floor(at / 2),
  derivedFrom: 100 + Math.floor(at / 2),
  ...wrong,
})

/** What is said at each second. */
function verdicts(observations: readonly Observation[]): string[][] {
  let state: WatchState | undefined
  return observations.map((observation) => {
    const judged = judge(state, observation, limits)
    state = judged.state
    return judged.verdicts
  })
}

const seconds = (count: number) => Array.from({ length: count }, (_, at) => at)

describe('judge', () => {
  it('has nothing to say of a chain in good health', () => {
    assert.deepEqual(verdicts(seconds(500).map((at) => seen(at))).flat(), [])
  })

  it('finds a safe head that stands still, and gives each cure its time', () => {
    const said = verdicts(seconds(100).map((at) => seen(at, { safe: 200 })))
    assert.deepEqual(
      said
        .flatMap((verdict, at) => verdict.map((what) => `${at} ${what}`))
        .filter((text) => !/lag/.test(text)),
      ['30 safe-head-stuck', '60 safe-head-stuck', '90 safe-head-stuck'],
    )
  })

  it('does not blame the batcher when L1 stands still, or when there is nothing to send', () => {
    const stopped = seconds(100).map((at) => seen(at, { safe: 200, l1Head: 100 }))
    assert.deepEqual(verdicts(stopped).flat(), [])
    const idle = seconds(29).map((at) => seen(at, { safe: 200, unsafe: 200, safeOrigin: 96 }))
    assert.deepEqual(verdicts(idle).flat(), [])
  })

  it('pages once for one lag that lasts, and again for the next', () => {
    const lagging = (at: number) => seen(at, { safeOrigin: 40 + Math.floor(at / 2) })
    const said = verdicts([
      ...seconds(10).map(lagging),
      seen(10),
      ...seconds(4).map((at) => lagging(11 + at)),
      seen(15),
      ...seconds(10).map((at) => lagging(16 + at)),
    ])
    assert.deepEqual(
      said.flatMap((verdict, at) => (verdict.includes('safe-lag') ? [at] : [])),
      [5, 21],
    )
  })

  it('pages once when L2 makes no blocks, and again the next time', () => {
    const stopped = (at: number) => seen(at, { safe: 200, unsafe: 200, safeOrigin: 100 })
    const said = verdicts([
      ...seconds(100).map(stopped),
      seen(100),
      ...seconds(50).map((at) => stopped(101 + at)),
    ])
    const pages = said.flatMap((verdict, at) => (verdict.includes('l2-stuck') ? [at] : []))
    assert.deepEqual(pages, [30, 131])
  })

  it('says when the window was missed, once, until batches are in time again', () => {
    const derivedFrom = (at: number) => 100 + Math.floor(at / 2)
    const behind = (at: number, blocks: number) => seen(at, { safeOrigin: derivedFrom(at) - blocks })
    const said = verdicts([
      ...seconds(5).map((at) => behind(at, 199)),
      // A single look may tell of two moments.
      behind(5, 200),
      behind(6, 199),
      ...seconds(5).map((at) => behind(7 + at, 200)),
      ...seconds(5).map((at) => behind(12 + at, 51)),
      ...seconds(5).map((at) => behind(17 + at, 50)),
      ...seconds(5).map((at) => behind(22 + at, 51)),
    ])
    assert.deepEqual(
      said.flatMap((verdict, at) =>
        verdict.filter((what) => /window/.test(what)).map((what) => `${at} ${what}`),
      ),
      ['8 window-missed', '17 window-regained'],
    )
  })

  it('does not take an op-node that looks again at old blocks for one that missed the window', () => {
    const again = seconds(100).map((at) => seen(at, { safe: 100, safeOrigin: 20, derivedFrom: 15 + at }))
    assert.deepEqual(
      verdicts(again)
        .flat()
        .filter((what) => /window/.test(what)),
      [],
    )
  })

  it('says every reorganisation of L1', () => {
    assert.deepEqual(verdicts([seen(0), seen(1, { l1Reorganised: true }), seen(2)]), [
      [],
      ['l1-reorganised'],
      [],
    ])
  })

  it('finds a stall while half of the window is still there, but in no hurry below ten seconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4_000 }),
        fc.integer({ min: 1, max: 12 }),
        (window, blockTime) => {
          const { stallMs } = limitsOf(window, blockTime)
          assert.ok(stallMs >= 10_000 && stallMs <= 30_000)
          if (window * blockTime >= 20) assert.ok(stallMs <= (window * blockTime * 1_000) / 2)
        },
      ),
    )
  })
})

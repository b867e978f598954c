import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, toHex } from 'viem'
import { isProversTurn } from '../../../../services/relayer/prover/turn.ts'

const signers = Array.from({ length: 4 }, (_, at): Address => toHex(at + 1, { size: 20 }))
const day = 20_000
const clockOf = (epochSeconds: number) => ({ firstEpoch: day, start: 1_000_000, epochSeconds })

describe("prover's turn", () => {
  it('is that of exactly one signer at any time, and of each of them in four turns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), fc.nat(10_000_000), (epochSeconds, later) => {
        const clock = clockOf(epochSeconds)
        const whose = (time: number) =>
          signers.filter((address) => isProversTurn({ clock, time, signers }, [{ address }], day))
        const time = clock.start + epochSeconds + later
        assert.equal(whose(time).length, 1)
        const turn = Math.max(30, Math.floor(epochSeconds / 24))
        const four = [0, 1, 2, 3].flatMap((turns) => whose(time + turns * turn))
        assert.deepEqual([...four].sort(), [...signers])
      }),
    )
  })

  it('lasts an hour of a real day', () => {
    const clock = clockOf(86_400)
    const first = signers.find((address) =>
      isProversTurn({ clock, time: clock.start + 86_400, signers }, [{ address }], day),
    )
    assert.ok(first)
    const isFirst = (seconds: number) =>
      isProversTurn({ clock, time: clock.start + 86_400 + seconds, signers }, [{ address: first }], day)
    assert.deepEqual([isFirst(3_599), isFirst(3_600)], [true, false])
  })

  it('comes to a process with all keys always, and to a stranger never', () => {
    const clock = clockOf(6)
    const all = signers.map((address) => ({ address }))
    const stranger = [{ address: toHex(9, { size: 20 }) }]
    for (let time = clock.start; time < clock.start + 300; time++) {
      assert.equal(isProversTurn({ clock, time, signers }, all, day), true)
      assert.equal(isProversTurn({ clock, time, signers }, stranger, day), false)
    }
  })
})

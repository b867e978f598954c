import assert from 'node:assert/strict'
import fc from 'fast-check'
import { medianTimePast } from '../../../oracle/medianTime.ts'
import { checkpointTimes, epochStartHeight, relayGenesis } from '../../../oracle/proofs/genesis.ts'
import { needData, recorded } from '../recorded.ts'

describe('relay genesis', () => {
  it('fills missing times so that the middle of eleven is the median of consensus, now and for ever after', () => {
    const time = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 30 }), (times) => {
        const kept = checkpointTimes(times)
        assert.equal(kept.length, 11)
        assert.equal([...kept].sort((a, b) => a - b)[5], medianTimePast(times))
        // A relay that only shifts them keeps what this makes of all times.
        const next = checkpointTimes([...times, 7])
        assert.deepEqual(next, [...kept.slice(1), 7])
      }),
    )
    assert.deepEqual(checkpointTimes([]), [0, ...Array.from({ length: 5 }, () => [0, 2 ** 32 - 1]).flat()])
  })

  it('takes the facts of the last block, by the names of the contract', function () {
    needData(this)
    const bytes = recorded('btc_headers_832001_833097.bin')
    const blocks = Array.from({ length: 11 }, (_, at) => {
      const header = bytes.subarray(at * 80, at * 80 + 80)
      const hash: `0x${string}` = `0x${at.toString(16).padStart(64, '0')}`
      return { height: 832_001 + at, hash, header, time: header.readUInt32LE(68) }
    })
    const genesis = relayGenesis({ blocks, chainwork: 5n, epochStart: 1 })
    assert.deepEqual(genesis, {
      hash: blocks[10]?.hash,
      height: 832_011,
      chainwork: 5n,
      bits: bytes.readUInt32LE(10 * 80 + 72),
      epochStart: 1,
      times: blocks.map(({ time }) => time),
    })
    assert.equal(epochStartHeight(832_011), 830_592)
    assert.equal(epochStartHeight(832_608), 832_608)
  })
})

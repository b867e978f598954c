import assert from 'node:assert/strict'
import { createOutput } from '../../../services/cli/output.ts'
import { statusLine, statusText } from '../../../services/cli/statusText.ts'

const network = { name: 'here', engine: 'anvil', l1ChainId: 900, l2ChainId: 901 }
const history = { read: '400', of: '1000', secondsLeft: 6, blocksPerSecond: 100, messagesPerSecond: 5_000 }
const sequencer = {
  up: true,
  status: { l1: { head: '7' }, l2: { head: '1000' }, alerts: { supply: 'broken' }, history },
}
const status = {
  network,
  healthy: false,
  services: { sequencer, relayer: { up: false, reason: 'answered 503' } },
}
const told = 'history 400 of 1000 blocks, 100 blocks/s, 5000 messages/s, 6 s left'

describe('status in words', () => {
  it('names heads, what is down, what is wrong and how long a backfill takes, in one line', () => {
    assert.equal(
      statusLine(status),
      `here not healthy, L1 7, L2 1000, relayer is down, alert supply, ${told}`,
    )
    assert.equal(statusLine({ network, healthy: true, services: {} }), 'here healthy')
  })

  it('tells all of it otherwise', () => {
    const text = statusText(status)
    for (const part of [told, 'answered 503', '{"supply":"broken"}']) assert.ok(text.includes(part), part)
  })

  it('is drawn over the frame before on a terminal alone', () => {
    const shown = { text: 'all\nof it', line: 'in short' }
    const drawn = (isTTY: boolean, json = false) => {
      let written = ''
      const stream = { isTTY, write: (text: string) => (written += text) }
      createOutput(json, { stdout: stream, stderr: stream }).frame({ a: 1n }, shown)
      return written
    }
    assert.equal(drawn(false), 'in short\n')
    assert.ok(drawn(true).startsWith('\u001b[H\u001b[2J') && drawn(true).endsWith('all\nof it\n'))
    assert.equal(drawn(true, true), '{"a":"1"}\n')
  })
})

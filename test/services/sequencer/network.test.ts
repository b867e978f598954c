import assert from 'node:assert/strict'
import { pad } from 'viem'
import { createLog } from '../../../services/runtime/log.ts'
import { alertOf, type Network, remember } from '../../../services/sequencer/network.ts'
import type { MessageRecord } from '../../../services/sequencer/records.ts'

describe('alerts about a message', () => {
  it('begin while something can be done, and end with the message, whoever brought it to its end', () => {
    // Safe: nothing else of it is looked at.
    const network = {
      ...{ open: new Map(), ended: new Map(), revocable: new Map(), alerts: new Map() },
      ...{ newestWithdrawal: 0n, final: 0n },
      log: createLog('test', 'silent'),
    } as unknown as Network
    const record = (id: number, kind: 'deposit' | 'withdrawal', state: string) =>
      ({
        ...{ id: pad(`0x${id}`, { size: 32 }), kind, state, history: [] },
        withdrawal: { origin: { blockNumber: 1n } },
      }) as unknown as MessageRecord
    const cases = [
      ['deposit', 'noted', 'replayed'],
      ['deposit', 'included', 'final'],
      ['withdrawal', 'mature', 'finalised'],
    ] as const
    for (const [id, [kind, before, after]] of cases.entries()) {
      const open = record(id, kind, before)
      alertOf(network, open, 'nobody knows it yet')
      assert.equal(network.alerts.size, 0)
      remember(network, open)
      alertOf(network, open, 'its node is away')
      remember(network, open)
      assert.deepEqual([...network.alerts], [[`${kind}.${open.id}`, 'its node is away']])
      const done = record(id, kind, after)
      remember(network, done)
      assert.equal(network.alerts.size, 0)
      alertOf(network, done, 'too late')
      assert.equal(network.alerts.size, 0)
    }
  })
})

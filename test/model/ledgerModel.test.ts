import assert from 'node:assert/strict'
import { type Contracts, startContracts } from './contract.ts'
import { agree, LENGTH, summary } from './histories.ts'

const HISTORIES = 200

describe('the ledger and its model', function () {
  this.timeout(300_000)
  let contracts: Contracts

  before(async () => {
    contracts = await startContracts()
  })

  after(() => contracts?.stop())

  it(`agree on ${HISTORIES} random histories of ${LENGTH} operations, in every answer and amount`, async () => {
    const tally = await agree(contracts, { from: 1, count: HISTORIES })
    const [first = ''] = summary(tally)
    process.stdout.write(`      ${first}\n`)
    const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0)
    assert.ok(sum(tally.done) > 0.75 * sum(tally.asked), summary(tally).join('\n'))
    for (const verb of [
      'escrow',
      'merge',
      'split',
      'join',
      'realise',
      'redeem',
      'redeemMany',
      'poke',
    ] as const) {
      assert.ok((tally.done.get(verb) ?? 0) > HISTORIES / 2, `${verb} ${tally.done.get(verb)}`)
    }
  })
})

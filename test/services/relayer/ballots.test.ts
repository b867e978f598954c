import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, getAddress, type Hex, zeroHash } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { type Report, statementHash } from '../../../oracle/report.ts'
import { type Ballot, ballotsOf, chooseReport, withQuorum } from '../../../services/relayer/ballots.ts'

const truth: Report = {
  ...{ network: 1, day: 18_739, round: 1, lastHeight: 680_214, lastBlockHash: zeroHash },
  ...{ work: 10n, subsidy: 9n, fees: 8n, cappedFees: 7n, medianFee: 6n, poolRowsRoot: zeroHash },
}
const signers = Array.from({ length: 7 }, (_, at) =>
  privateKeyToAddress(`0x${(at + 1).toString(16).padStart(64, '0')}`),
)
const signerAt = (at: number): Address => signers[at] ?? assert.fail()
const signature: Hex = `0x${'11'.repeat(65)}`
const signed = (at: number, report: Report) => ({ report, signer: signerAt(at), signature })

type Vote = { at: number; round: number; fees: number }
const votes: fc.Arbitrary<Vote[]> = fc
  .array(fc.record({ at: fc.nat(6), round: fc.integer({ min: 1, max: 5 }), fees: fc.nat(2) }), {
    maxLength: 20,
  })
  // A signer signs once in a round; the first of its votes stands here.
  .map((list) =>
    list.filter(({ at, round }, index) => list.findIndex((v) => v.at === at && v.round === round) === index),
  )
const reportsOf = (list: readonly Vote[]) =>
  list.map(({ at, round, fees }) => signed(at, { ...truth, round, fees: truth.fees + BigInt(fees) }))

/** Who signed something else than the truth in a round, counted from the votes alone. */
const boundIn = (list: readonly Vote[], round: number) =>
  new Set(list.filter((vote) => vote.round === round && vote.fees !== 0).map(({ at }) => at))

function choose(list: readonly Vote[], openRound: number, firstRound = 1) {
  const ballots = ballotsOf(reportsOf(list))
  const acceptable = new Set(ballots.filter(({ report }) => report.fees === truth.fees))
  const own = (round: number) => ({ ...truth, round })
  return chooseReport({ ballots, acceptable, node: signerAt(0), firstRound, openRound, own })
}

const round = fc.integer({ min: 1, max: 6 })

describe('relayer ballots', () => {
  it('counts a signer once for a statement, whatever the case of its address', () => {
    const lower = { ...signed(1, truth), signer: signerAt(1).toLowerCase() as Address }
    const ballots = ballotsOf([signed(1, truth), lower, signed(2, truth), signed(3, { ...truth, round: 2 })])
    assert.deepEqual(
      ballots.map(({ report, signatures }) => [report.round, signatures.map(({ signer }) => signer)]),
      [
        [1, [getAddress(signerAt(1)), getAddress(signerAt(2))]],
        [2, [signerAt(3)]],
      ],
    )
    assert.equal(withQuorum(ballots, 2), ballots[0])
    assert.equal(withQuorum(ballots, 3), undefined)
  })

  it('proposes the truth in an open round, later than a voided one, where it is free and fewest are bound, the earliest of them', () => {
    fc.assert(
      fc.property(votes, round, fc.integer({ min: 0, max: 2 }), (list, openRound, voidedRound) => {
        const rounds = Array.from({ length: openRound }, (_, at) => at + 1).slice(voidedRound)
        const free = rounds.filter((round) => !boundIn(list, round).has(0))
        const chosen = choose(list, openRound, voidedRound + 1)
        if (free.length === 0) return assert.equal(chosen, undefined)
        const fewest = Math.min(...free.map((round) => boundIn(list, round).size))
        const best = free.find((each) => boundIn(list, each).size === fewest)
        assert.deepEqual(chosen, { ...truth, round: best })
      }),
    )
  })

  it('takes up other rows that it could sign and that most have signed, and the same ones on every node', () => {
    const rows = (digit: string, round = 1): Report => ({
      ...truth,
      round,
      poolRowsRoot: `0x${digit.repeat(64)}`,
    })
    const pick = (ballots: readonly Ballot[], node: number) =>
      chooseReport({
        ballots,
        acceptable: new Set(ballots),
        node: signerAt(node),
        firstRound: 1,
        openRound: 1,
        own: (round) => rows('f', round),
      })
    const most = ballotsOf([signed(1, rows('a')), signed(2, rows('b')), signed(3, rows('b'))])
    assert.deepEqual(pick(most, 4), rows('b'))
    const tie = [signed(1, rows('a')), signed(2, rows('b'))]
    const smaller = statementHash(rows('a')) < statementHash(rows('b')) ? rows('a') : rows('b')
    assert.deepEqual(pick(ballotsOf(tie), 4), smaller)
    assert.deepEqual(pick(ballotsOf(tie.toReversed()), 5), smaller)
    // Whoever is bound to the loser proposes nothing in that round.
    assert.equal(pick(most, 1), undefined)
  })

  it('looks at no more rounds than were used, however many are open', () => {
    const list = [{ at: 3, round: 2 ** 32 - 1, fees: 1 }]
    const started = performance.now()
    assert.deepEqual(choose(list, 2 ** 32 - 1), truth)
    assert.ok(performance.now() - started < 100)
  })
})

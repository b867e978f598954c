import assert from 'node:assert/strict'
import type { DayTotals } from '../../../../oracle/dayTotals.ts'
import { simulatorNetwork, simulatorTerms } from '../../../../oracle/developmentNetworks.ts'
import { coinbaseProofs } from '../../../../oracle/proofs/coinbaseProofs.ts'
import { headerBatches } from '../../../../oracle/proofs/headerBatches.ts'
import { startOfChain } from '../../../../oracle/simulator/mine.ts'
import type { ProofSource } from '../../../../oracle/sources/blockSource.ts'
import { NoCommonBlockError, SourceChainLighterError } from '../../../../services/relayer/prover/errors.ts'
import { proveDay, proveHeaders } from '../../../../services/relayer/prover/prover.ts'
import { daysOf, type ProvingChain, startProvingChain, statement } from './provingChain.ts'
import { branchAt, main, mine, sourceOf } from './simulatedBlocks.ts'

const { firstDay, unitWork } = simulatorNetwork()
const source = sourceOf(main)

describe('prover', () => {
  let chain: ProvingChain
  let days: Map<number, DayTotals>
  let first: DayTotals
  /** The first day's blocks, up to a height. */
  const blocksUntil = (height: number) =>
    main.filter((block) => block.height >= first.firstHeight && block.height <= height)

  before(async () => {
    days = await daysOf(source, firstDay)
    first = days.get(firstDay) ?? assert.fail('no first day')
  })
  beforeEach(async () => {
    chain = await startProvingChain({ bitcoin: await simulatorTerms(), firstDay, unitWork })
  })
  afterEach(() => chain.stop())

  async function round(from: ProofSource, known: ReadonlyMap<number, DayTotals>) {
    await proveHeaders(chain.proverOf(from, known))
    return proveDay(chain.proverOf(from, known))
  }

  /** Rounds until `day` is closed. */
  async function proveUntil(day: number) {
    const known = new Map([...days].filter(([each]) => each <= day))
    while ((await round(source, known)).nextDay <= day);
  }

  it('proves day after day, and the days are final with the totals of the source', async () => {
    await proveUntil(firstDay + 1)
    for (const day of [firstDay, firstDay + 1])
      assert.equal(await chain.statementOf(day), statement(days.get(day)))
    assert.equal(await chain.lastFinalDay(), firstDay + 1)
    const { subsidyIndex } = await chain.valuesOf(firstDay)
    assert.equal(subsidyIndex, (first.subsidy * unitWork * 10n ** 18n) / first.work)
  })

  it('does nothing while the source does not show the day whole', async () => {
    assert.equal((await round(source, new Map())).nextDay, firstDay)
    assert.equal(await chain.sent(), 0)
  })

  it('goes on with what others have sent, however they cut it', async () => {
    const whole = blocksUntil(first.lastHeight)
    const batches = headerBatches(whole.slice(0, 100), 37)
    for (const batch of batches) await chain.sendHeaders(batch)
    const medians = { medianFee: first.medianFee, previousMedianFee: 0n }
    const proofs = batches.slice(0, 2).flatMap((batch) => coinbaseProofs(batch, medians))
    for (const proof of proofs.slice(0, 5)) await chain.sendCoinbases(proof)
    await proveUntil(firstDay)
    assert.equal(await chain.statementOf(firstDay), statement(first))
    const groups = [...batches, ...headerBatches(whole.slice(100))].reduce(
      (sum, { blocks }) => sum + Math.ceil(blocks.length / 12),
      0,
    )
    // Two batches of headers: the rest of the day, and what buries it. And the day is closed.
    assert.equal(await chain.sent(), groups - 5 + 3)
  })

  it('moves the relay off a branch that its source has left', async () => {
    const fork = first.lastHeight - 2
    const left = branchAt(fork, 'left', 2)
    for (const batch of headerBatches([...blocksUntil(fork), ...left])) await chain.sendHeaders(batch)
    assert.equal(await chain.best(), left.at(-1)?.hash)
    await proveUntil(firstDay)
    assert.equal(await chain.statementOf(firstDay), statement(first))
  })

  it('sends nothing while the relay is on a branch with more work than the source shows', async () => {
    const fork = first.lastHeight - 2
    const heavier = branchAt(fork, 'heavier', 20)
    for (const batch of headerBatches([...blocksUntil(fork), ...heavier])) await chain.sendHeaders(batch)
    const behind = sourceOf(main.filter(({ height }) => height <= first.lastHeight + 6))
    await assert.rejects(round(behind, days), SourceChainLighterError)
    assert.equal(await chain.sent(), 0)
  })

  it('says so when the relay follows another chain', async () => {
    const other = sourceOf(mine('other', startOfChain('other'), 400).map(({ block }) => block))
    await assert.rejects(round(other, await daysOf(other, firstDay)), NoCommonBlockError)
    assert.equal(await chain.sent(), 0)
  })
})

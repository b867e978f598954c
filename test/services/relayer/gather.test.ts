import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import { type Address, type Hash, type Hex, recoverTypedDataAddress, zeroAddress, zeroHash } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { type Report, reportTypedData, signReport, statementHash } from '../../../oracle/report.ts'
import type { Ballot } from '../../../services/relayer/ballots.ts'
import type { NetworkView } from '../../../services/relayer/chain.ts'
import { createMetrics } from '../../../services/relayer/metrics.ts'
import { type Nodes, openNodes } from '../../../services/relayer/openNodes.ts'
import { createPeerClient } from '../../../services/relayer/peers/client.ts'
import { type Proposal, proposeAnswer, signedAnswer } from '../../../services/relayer/peers/messages.ts'
import { paths } from '../../../services/relayer/peers/server.ts'
import { noPoolRows, type PoolRows } from '../../../services/relayer/pools/poolRows.ts'
import { createSight } from '../../../services/relayer/sight.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { freePort } from '../../bridge/anvilNode.ts'

// Four nodes in one process, with real HTTP between them and real journals, on a chain that is only a time and a list of signers.

const firstDay = 100
const clock = { firstEpoch: firstDay, start: 0, epochSeconds: 8 }
const turn = 2
const index = { chainId: 901, rewardIndex: zeroAddress }
const configDigest: Hash = `0x${'c0'.repeat(32)}`
const log = createLog('test', process.env.HASHSAND_LOG_LEVEL ?? 'silent')

type Source = (day: number) => DayTotals | undefined
const truth: Source = (day) => ({
  ...{ day, blocks: 3, firstHeight: day * 3, lastHeight: day * 3 + 2 },
  lastHash: `0x${day.toString(16).padStart(64, '0')}`,
  ...{ work: 1_000n, subsidy: 900n, fees: 30n + BigInt(day), medianFee: 9n, feeCap: 27n, cappedFees: 25n },
})
const lie: Source = (day) => {
  const totals = truth(day)
  return totals && { ...totals, fees: totals.fees * 1_000n, cappedFees: totals.cappedFees * 1_000n }
}
const behind: Source = () => undefined
/** Behind until its box says that it is not. */
const late =
  (box: { isClosed: boolean }): Source =>
  (day) =>
    box.isClosed ? truth(day) : undefined

const disagreementsName = 'hashsand_relayer_disagreements_total'

type Seat = { source: Source; rows?: PoolRows } | 'dead' | RequestListener

describe('relayer agreement', () => {
  let folder = ''
  let accounts: PrivateKeyAccount[] = []
  let nodes: (Nodes | undefined)[] = []
  let ports: number[] = []
  let view: NetworkView
  let now = 0
  const sights: ReturnType<typeof createSight>[] = []
  const registries: Registry[] = []
  const closing: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-agreement-'))
    accounts = [1, 2, 3, 4].map(() => privateKeyToAccount(generatePrivateKey()))
    ports = [await freePort(), await freePort(), await freePort(), await freePort()]
    nodes = []
    view = {
      ...{
        time: 8,
        clock,
        epoch: firstDay + 1,
        firstDay,
        lastAttestedDay: undefined,
        lastFinalDay: undefined,
        voidedRounds: new Map(),
      },
      ...{ configDigest, signers: accounts.map(({ address }) => address), quorum: 3 },
    }
  })
  afterEach(async () => {
    for (const node of nodes) await node?.close()
    for (const close of closing.splice(0)) await close()
    await rm(folder, { recursive: true, force: true })
  })

  const accountAt = (at: number): PrivateKeyAccount => accounts[at] ?? assert.fail()
  const domain = () => ({ ...index, configDigest: view.configDigest })
  const peers = () => accounts.map(({ address }, at) => ({ address, url: `http://127.0.0.1:${ports[at]}` }))

  async function seat(at: number, what: Seat): Promise<void> {
    if (what === 'dead') return
    if (typeof what === 'function') {
      const server = createServer(what)
      await new Promise<void>((resolve) => server.listen(ports[at], '127.0.0.1', resolve))
      closing.push(async () => {
        server.closeAllConnections()
        server.close()
      })
      return
    }
    const sight = createSight(view)
    sights.push(sight)
    const metrics = createMetrics({ status: () => assert.fail(), peers: () => [] })
    registries[at] = metrics.registry
    nodes[at] = await openNodes({
      ...{
        accounts: [accountAt(at)],
        identity: 'a network',
        folder: join(folder, String(at)),
        peers: peers(),
      },
      ...{ listen: { host: '127.0.0.1', port: ports[at] ?? 0 }, sight, signal: new AbortController().signal },
      ...{ network: 1, index, live: true, rows: what.rows ?? noPoolRows, metrics: metrics.node, log },
      days: { totals: async (day) => what.source(day), lastClosed: async () => firstDay },
      now: () => now,
      timeoutMs: 10_000,
    })
  }
  const seatAll = async (...seats: readonly Seat[]) => {
    for (const [at, each] of seats.entries()) await seat(at, each)
  }

  /** Moves the chain's time on, lets every node take its part, and answers what any of them could submit. */
  async function pass(seconds: number): Promise<Ballot | undefined> {
    for (let passed = 0; passed < seconds; passed++) {
      view = { ...view, time: view.time + 1 }
      now += 1_000
      for (const sight of sights) sight.see(view)
      for (const opened of nodes) {
        const [ballot] = (await opened?.all[0]?.gatherer.gather(view, firstDay)) ?? []
        if (ballot !== undefined) return ballot
      }
    }
    return undefined
  }

  async function assertAgreed(ballot: Ballot | undefined): Promise<Report> {
    assert.ok(ballot, 'no quorum')
    assert.equal(ballot.report.fees, truth(firstDay)?.fees)
    assert.ok(ballot.signatures.length >= 3)
    for (const { signer, signature } of ballot.signatures) {
      const recovered: Address = await recoverTypedDataAddress({
        ...reportTypedData(ballot.report, domain()),
        signature,
      })
      assert.equal(recovered, signer)
      assert.ok(view.signers.includes(signer))
    }
    return ballot.report
  }

  /** Asks as another node would. */
  const askAs = (from: number, to: number) =>
    createPeerClient({
      peer: { address: accountAt(to).address, url: peers()[to]?.url ?? '' },
      ...{ account: accountAt(from), domain: index, chainTime: () => view.time, timeoutMs: 30_000 },
      signal: new AbortController().signal,
    })
  async function proposed(from: number, to: number, report: Report, attempt = 0) {
    const { signature } = await signReport(accountAt(from), report, domain())
    const proposal: Proposal = { attempt, report, signature, rows: [] }
    const { answers } = await askAs(from, to).ask(
      paths.propose,
      { configDigest, proposals: [proposal] },
      proposeAnswer,
    )
    return answers[0]
  }
  const reportOfDay = (day: number, changes: Partial<Report> = {}): Report => {
    const { lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee } = truth(day) ?? assert.fail()
    return {
      ...{ network: 1, day, round: 1, lastHeight, lastBlockHash: lastHash, work, subsidy, fees, cappedFees },
      ...{ medianFee, poolRowsRoot: zeroHash, ...changes },
    }
  }
  const reasonOf = (answer: Awaited<ReturnType<typeof proposed>>) =>
    answer?.kind === 'refused' ? answer.reason : answer?.kind

  const html: RequestListener = (_request, response) => response.end('<html>')
  const silent: RequestListener = () => {}
  const whole = 4 * turn
  const faults: Record<string, Seat> = {
    'is dead': 'dead',
    lies: { source: lie },
    'is behind': { source: behind },
    'speaks garbage': html,
    'never answers': silent,
  }
  for (const [name, fault] of Object.entries(faults)) {
    it(`closes the day within one turn of each when one node ${name}`, async () => {
      // Node 0 leads first: its turn is lost, and another's comes.
      await seatAll(fault, { source: truth }, { source: truth }, { source: truth })
      assert.equal(await pass(turn - 1), undefined)
      await assertAgreed(await pass(4 * whole))
    }).timeout(120_000)
  }

  it('closes the day with one signature of each when all are well, and asks nobody twice to lead', async () => {
    await seatAll({ source: truth }, { source: truth }, { source: truth }, { source: truth })
    const report = await assertAgreed(await pass(whole))
    assert.equal(report.round, 1)
  })

  it('finds no quorum with two faults, and finds it in a later round when the liar is mended', async () => {
    // The liar leads alone first, and is bound in round 1.
    const at = (firstDay + 0) % 4
    await seat(at, { source: lie })
    assert.equal(await pass(1), undefined)
    const honest = [0, 1, 2, 3].filter((each) => each !== at)
    for (const each of honest.slice(0, 2)) await seat(each, { source: truth })
    assert.equal(await pass(2 * whole), undefined)

    await nodes[at]?.close()
    await seat(at, { source: truth })
    const report = await assertAgreed(await pass(4 * whole))
    assert.ok(report.round > 1, `round ${report.round}`)
  }).timeout(120_000)

  it('signs a voided day anew, in a later round than the one that was voided and in no other', async () => {
    await seatAll({ source: truth }, { source: truth }, { source: truth }, { source: truth })
    assert.equal((await assertAgreed(await pass(whole))).round, 1)
    view = { ...view, voidedRounds: new Map([[firstDay, 2]]) }
    // Round 2 is open until 12, and the quorum of round 1 is in every journal: neither counts.
    assert.equal(await pass(11 - view.time), undefined)
    assert.equal(reasonOf(await proposed(0, 1, reportOfDay(firstDay, { round: 2 }))), 'round-over')
    assert.equal((await assertAgreed(await pass(4 * whole))).round, 3)
  }).timeout(120_000)

  it('is not held up by a leader who proposes to some and never sends', async () => {
    await seatAll('dead', { source: truth }, { source: truth }, { source: truth })
    // Node 0 leads first. It has two signatures and its own, and falls silent.
    view = { ...view, time: 8 }
    for (const at of [1, 2]) assert.equal(reasonOf(await proposed(0, at, reportOfDay(firstDay))), 'signed')
    const ballot = await pass(whole)
    await assertAgreed(ballot)
    assert.ok(ballot?.signatures.some(({ signer }) => signer === accountAt(0).address))
  })

  it('signs no second statement in a round, whoever asks, and after a restart too', async () => {
    const rows = (digit: string): Hash => `0x${digit.repeat(64)}`
    const any: PoolRows = { ...noPoolRows, rootOf: () => rows('a'), accepts: async () => true }
    await seat(1, { source: truth, rows: any })
    assert.equal(reasonOf(await proposed(0, 1, reportOfDay(firstDay, { poolRowsRoot: rows('b') }))), 'signed')
    const second = reportOfDay(firstDay, { poolRowsRoot: rows('d') })
    assert.equal(reasonOf(await proposed(0, 1, second)), 'signed-another')
    await nodes[1]?.close()
    await seat(1, { source: truth, rows: any })
    assert.equal(reasonOf(await proposed(0, 1, second)), 'signed-another')
    assert.equal(
      reasonOf(await proposed(0, 1, reportOfDay(firstDay, { poolRowsRoot: rows('a') }))),
      'signed-another',
    )
    const first = { network: 1, firstDay, lastDay: firstDay }
    const { signed } = await askAs(0, 1).ask(paths.signed, first, signedAnswer)
    assert.deepEqual(
      signed.map(({ report }) => report.poolRowsRoot),
      [rows('b')],
    )
  })

  it('takes other rows from the leader alone, when its turn has come, and only those it can compare', async () => {
    const rows = (digit: string): Hash => `0x${digit.repeat(64)}`
    const near: PoolRows = {
      ...noPoolRows,
      rootOf: () => rows('a'),
      accepts: async (_day, root) => root === rows('b'),
    }
    await seat(1, { source: truth, rows: near })
    const other = reportOfDay(firstDay, { poolRowsRoot: rows('b') })
    const far = reportOfDay(firstDay, { poolRowsRoot: rows('e') })
    assert.equal(reasonOf(await proposed(2, 1, other)), 'not-your-turn')
    assert.equal(reasonOf(await proposed(2, 1, other, 2)), 'not-your-turn')
    assert.equal(reasonOf(await proposed(0, 1, far)), 'differs')
    assert.equal(reasonOf(await proposed(0, 1, other)), 'signed')
  })

  it('refuses what it should, each with its reason, and signs none of it', async () => {
    await seat(1, { source: (day) => (day === firstDay ? truth(day) : undefined) })
    const refused = async (changes: Partial<Report>, day = firstDay) =>
      reasonOf(await proposed(0, 1, { ...reportOfDay(day), ...changes }))
    for (const [field, value] of Object.entries({
      ...{
        work: 1n,
        subsidy: 1n,
        fees: 1n,
        cappedFees: 1n,
        medianFee: 1n,
        lastHeight: 1,
        lastBlockHash: zeroHash,
      },
    })) {
      assert.equal(await refused({ [field]: value }), 'differs', field)
    }
    assert.equal(await refused({ network: 2 }), 'other-network')
    assert.equal(await refused({ round: 2 }), 'round-not-open')
    assert.equal(await refused({}, firstDay + 1), 'day-not-over')
    assert.equal(await refused({ poolRowsRoot: `0x${'a'.repeat(64)}` }), 'differs')

    // Signed by somebody else than who sends it: a proposal without its proposer's own name under it.
    const report = reportOfDay(firstDay)
    const { signature } = await signReport(accountAt(2), report, domain())
    const asked = { configDigest, proposals: [{ attempt: 0, report, signature }] }
    const { answers } = await askAs(0, 1).ask(paths.propose, asked, proposeAnswer)
    assert.equal(reasonOf(answers[0]), 'bad-signature')
    const otherConfig = { ...asked, configDigest: zeroHash as Hex }
    const elsewhere = await askAs(0, 1).ask(paths.propose, otherConfig, proposeAnswer)
    assert.equal(reasonOf(elsewhere.answers[0]), 'other-config')

    const { signed } = await askAs(0, 1).ask(
      paths.signed,
      { network: 1, firstDay, lastDay: firstDay + 15 },
      signedAnswer,
    )
    assert.deepEqual(signed, [])
  })

  it('withholds its vote where its totals can not follow the day before, though others agree', async () => {
    const jump =
      (factor: bigint): Source =>
      (day) => {
        const totals = truth(day) ?? assert.fail()
        return day < firstDay ? totals : { ...totals, subsidy: totals.subsidy * factor }
      }
    await seat(1, { source: jump(6n) })
    await seat(2, { source: jump(5n) })
    const report = (factor: bigint) => reportOfDay(firstDay, { subsidy: 900n * factor })
    assert.equal(reasonOf(await proposed(0, 1, report(6n))), 'implausible')
    assert.equal(reasonOf(await proposed(0, 2, report(5n))), 'signed')
    assert.equal(await pass(whole), undefined)
    assert.deepEqual(
      (await nodes[1]?.all[0]?.journal.signedOf({ network: 1, day: firstDay }, domain())) ?? [],
      [],
    )
  })

  it('keeps both statements of a peer that contradicts itself', async () => {
    await seat(1, { source: truth })
    for (const fees of [1n, 2n, 3n]) await proposed(0, 1, reportOfDay(firstDay, { fees }))
    const heard = (await nodes[1]?.all[0]?.store.heardOf({ network: 1, day: firstDay })) ?? []
    assert.deepEqual(heard.map(({ report }) => report.fees).sort(), [1n, 2n])
    assert.equal(new Set(heard.map(({ report }) => statementHash(report))).size, 2)
    assert.ok(heard.every(({ signer }) => signer === accountAt(0).address))
  })

  it('counts a peer that disagrees once, also when it spoke before the own day was closed', async () => {
    const box = { isClosed: false }
    await seat(1, { source: late(box) })
    const early = [reportOfDay(firstDay, { fees: 1n }), reportOfDay(firstDay, { fees: 2n })]
    for (const report of early) assert.equal(reasonOf(await proposed(0, 1, report)), 'day-unknown')
    const disagreements = nodes[1]?.all[0]?.disagreements ?? assert.fail()
    const counted = async () => {
      const { values } = (await registries[1]?.getSingleMetric(disagreementsName)?.get()) ?? assert.fail()
      return values.map(({ value }) => value)
    }
    await disagreements.judgeLate()
    assert.deepEqual(await counted(), [])
    box.isClosed = true
    for (const _ of 'twice') await disagreements.judgeLate()
    assert.deepEqual(await counted(), [2])
    // Heard before.
    await proposed(0, 1, early[0] ?? assert.fail())
    assert.deepEqual(await counted(), [2])
  })

  it('counts nothing of one who is no signer, and nothing under another signer set', async () => {
    await seatAll({ source: truth }, { source: truth }, { source: truth }, 'dead')
    // Node 2 has been replaced by somebody whom the peers do not know.
    const replaced = privateKeyToAccount(generatePrivateKey()).address
    view = { ...view, signers: view.signers.map((signer, at) => (at === 2 ? replaced : signer)) }
    assert.equal(await pass(whole), undefined)
    view = { ...view, signers: accounts.map(({ address }) => address), configDigest: `0x${'c1'.repeat(32)}` }
    await assertAgreed(await pass(4 * whole))
  }).timeout(120_000)
})

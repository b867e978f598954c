import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, isAddressEqual, recoverTypedDataAddress, zeroHash } from 'viem'
import { poolRow, type Scheme } from '../../../oracle/pools/poolRow.ts'
import { verifyPoolRow } from '../../../oracle/pools/poolRowsTree.ts'
import { reportTypedData } from '../../../oracle/report.ts'
import { networkIdentity } from '../../../services/relayer/network.ts'
import { openJournalStore } from '../../../services/relayer/store.ts'
import { differentSources, honestSeats, network, type Seat } from './differentSources.ts'
import { attestedReports, type NodesStage, nodesStage, untilAttested } from './nodes.ts'

// Four nodes as four processes, on a Bitcoin node's RPC, a REST service, a CSV and a chain of its own. Three make a quorum: any one of them may be gone, lie or lag, and the day closes with the truth.

const days = 3
const lastDay = network.firstDay + days - 1

/** Every node comes to lead in this time. */
const patienceMs = 10_000

/** Node 1 is needed for most quorums here, and its clock is an hour ahead. */
const anHourAhead = ['--import', 'data:text/javascript,const now=Date.now;Date.now=()=>now()+3600000']

type Fault = 'dead' | 'lying' | 'behind'
const seatOf: Record<Fault, Seat | undefined> = { dead: undefined, lying: 'lie', behind: 'behind' }

describe('four relayer nodes', function () {
  this.timeout(600_000)
  let folder = ''
  let stage: NodesStage
  let sources: Awaited<ReturnType<typeof differentSources>>
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-nodes-'))
    stage = await nodesStage(folder, { days, network })
    sources = await differentSources(folder, days)
  })
  afterEach(async () => {
    await stage.close()
    await sources.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** The last nodes have the faults, one each; the others are honest. */
  async function startWith(faults: readonly Fault[]): Promise<void> {
    const seats = [...honestSeats.slice(0, 4 - faults.length), ...faults.map((fault) => seatOf[fault])]
    const starting = seats.map((seat, at) =>
      seat === undefined || stage.isRunning(at) ? undefined : start(at, seat),
    )
    await Promise.all(starting)
  }

  const start = (at: number, seat: Seat) =>
    stage.start(at, 'truth', sources.settings[seat], at === 1 ? anHourAhead : [])

  async function assertTruth(): Promise<void> {
    const reports = await attestedReports(stage)
    assert.deepEqual(
      reports.map(({ day, fees }) => ({ day, fees })),
      Array.from({ length: days }, (_, at) => network.firstDay + at).map((day) => ({
        day,
        fees: sources.feesOfDay(day),
      })),
    )
  }

  for (const fault of ['dead', 'lying', 'behind'] as const) {
    it(`close every day with one of them ${fault}`, async () => {
      await startWith([fault])
      await untilAttested(stage, lastDay, 150)
      await assertTruth()
      await assertRowsProven()
      for (let at = 0; at < 3; at++) assert.equal(await stage.stop(at, 'SIGTERM'), 0, `node ${at}`)
      if (fault === 'lying') await assertHeardLie()
    })
  }

  const pairs: readonly (readonly [Fault, Fault])[] = [
    ['dead', 'lying'],
    ['dead', 'behind'],
    ['behind', 'lying'],
  ]
  for (const faults of pairs) {
    it(`close no day with one ${faults[0]} and one ${faults[1]}; the next round does when one is mended`, async () => {
      // Alone for a while, the liar comes to lead and binds itself in the first round of every day.
      if (faults[1] === 'lying') await startAlone()
      await startWith(faults)
      // Of the days before the last one, a node that is behind knows enough.
      const known = faults.includes('behind') ? lastDay - 1 : 0
      await untilAttested(stage, known, 150)
      await sleep(patienceMs)
      assert.equal(await stage.attestedUntil(), known)
      const state = { ...stage.index, functionName: 'stateOf', args: [1, lastDay] } as const
      assert.equal(await stage.client.readContract(state), 0)

      await stage.stop(3)
      const bound = await roundsOf(3, lastDay)
      await stage.forgetDays(3)
      await start(3, 'simulator')
      // Every day needs a round in which nobody is bound to the lie, one day after the other.
      await untilAttested(stage, lastDay, 300)
      await assertTruth()
      const { round } = (await attestedReports(stage)).at(-1) ?? {}
      if (faults[1] === 'lying') assert.ok(bound.includes(1), `the liar was bound in ${bound}`)
      assert.ok(round !== undefined && !bound.includes(round), `closed in round ${round}, bound in ${bound}`)
    })
  }

  /** What the pools said is in a report, and any node that signed it shows each row with its proof. */
  async function assertRowsProven(): Promise<void> {
    const reports = (await attestedReports(stage)).filter(({ poolRowsRoot }) => poolRowsRoot !== zeroHash)
    assert.ok(reports.length > 0, 'no report with rows')
    for (const { day, poolRowsRoot } of reports) {
      const answers = await Promise.all([0, 1, 2].map((at) => proofsOf(at, day)))
      const proofs = answers.flat().filter(({ root }) => root === poolRowsRoot)
      assert.ok(proofs.length >= 2, `${proofs.length} of three nodes show the row of day ${day}`)
      for (const { hashrate, proof, scheme } of proofs) {
        assert.equal(hashrate, String(10n ** 18n))
        const row = poolRow({
          ...{ pool: 'foundry', day, scheme, hashrate: BigInt(hashrate), reward: 540_432n, settled: false },
        })
        assert.ok(verifyPoolRow(row, proof, poolRowsRoot))
      }
    }
  }

  type Proof = { root: Hash; hashrate: string; scheme: Scheme; proof: Hash[] }
  async function proofsOf(at: number, day: number): Promise<Proof[]> {
    const response = await fetch(`${stage.statusUrl(at)}/v1/days/${day}/pools/foundry`)
    return response.ok ? ((await response.json()) as { proofs: Proof[] }).proofs : []
  }

  it('F13: sign nothing without one that stands still like a paused machine, and close every day when it goes on', async () => {
    await start(1, 'rest')
    stage.pause(1)
    await Promise.all([start(0, 'node'), start(2, 'csv')])
    await sleep(2 * patienceMs)
    assert.equal(await stage.attestedUntil(), 0)
    stage.resume(1)
    await untilAttested(stage, lastDay, 150)
    await assertTruth()
  })

  async function startAlone(): Promise<void> {
    await start(3, 'lie')
    while ((await stage.signatures(3)) < days) await sleep(200)
  }

  const journalOf = (at: number) => {
    const { manifest, contracts, signers } = stage
    const [[named], signer] = [manifest.networks, signers[at]]
    assert.ok(named && signer)
    const identity = networkIdentity({ manifest, network: named, contracts })
    const path = join(stage.stateOf(at), `journal-${signer.address.toLowerCase()}`)
    return openJournalStore(path, `${identity}, key ${signer.address}`)
  }

  /** In which rounds of a day a node that is stopped has signed something. */
  async function roundsOf(at: number, day: number): Promise<number[]> {
    const store = await journalOf(at)
    const signed = await store.signedOf({ network: 1, day })
    await store.close()
    return signed.map(({ report }) => report.round)
  }

  /** The honest hold the liar's own signature of what is not so: that is what takes its bond. */
  async function assertHeardLie(): Promise<void> {
    const { manifest, contracts, client, index, signers } = stage
    const liar = signers[3]
    assert.ok(liar)
    const configDigest = await client.readContract({ ...index, functionName: 'configDigest', args: [1] })
    const domain = { chainId: manifest.l2.chainId, rewardIndex: contracts.rewardIndex, configDigest }
    const store = await journalOf(0)
    const heard = await Promise.all(
      Array.from({ length: days }, (_, at) => store.heardOf({ network: 1, day: network.firstDay + at })),
    )
    await store.close()
    const lies = heard.flat().filter(({ signer }) => isAddressEqual(signer, liar.address))
    assert.ok(lies.length > 0, 'nothing of the liar was heard')
    for (const { report, signature } of lies) {
      assert.equal(report.fees, sources.feesOfDay(report.day) * 1_000n)
      const signer = await recoverTypedDataAddress({ ...reportTypedData(report, domain), signature })
      assert.equal(signer, liar.address)
    }
  }
})

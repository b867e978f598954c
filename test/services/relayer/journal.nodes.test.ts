import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, isAddressEqual, recoverTypedDataAddress } from 'viem'
import { completeDays, type DayTotals } from '../../../oracle/dayTotals.ts'
import { replayFiles } from '../../../oracle/developmentNetworks.ts'
import { type Report, reportOf, reportTypedData, signReport, statementHash } from '../../../oracle/report.ts'
import { createReplaySource } from '../../../oracle/sources/replay.ts'
import { createPeerClient } from '../../../services/relayer/peers/client.ts'
import { PeerError } from '../../../services/relayer/peers/errors.ts'
import { proposeAnswer, signedAnswer } from '../../../services/relayer/peers/messages.ts'
import { paths } from '../../../services/relayer/peers/server.ts'
import { type NodesStage, network, nodesStage, type Source } from './nodes.ts'

// One node, killed in the middle of signing again and again, and each time started with another mind about the same days.

const days = 6
const dayNumbers = Array.from({ length: days }, (_, at) => network.firstDay + at)

describe('a relayer node that is killed while it signs', function () {
  this.timeout(300_000)
  let folder = ''
  let stage: NodesStage
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-restart-'))
    stage = await nodesStage(folder, { days })
  })
  after(async () => {
    await stage.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function reportsOf(source: Source): Promise<Report[]> {
    const { blocks } = createReplaySource(replayFiles(join(folder, source)))
    const found: DayTotals[] = []
    for await (const totals of completeDays(blocks(), { firstDay: network.firstDay })) found.push(totals)
    return found.slice(0, days).map((totals) => reportOf(totals, { network: 1, round: 1 }))
  }

  it('never lets a second statement out for a day and round', async () => {
    const { client, signers, peers, index, contracts, manifest } = stage
    const [asker, node] = [signers[0], peers[1]]
    assert.ok(asker && node)
    const configDigest = await client.readContract({ ...index, functionName: 'configDigest', args: [1] })
    const about = { chainId: manifest.l2.chainId, rewardIndex: contracts.rewardIndex }
    const domain = { ...about, configDigest }
    const said = new Map<string, Set<Hash>>()
    const hear = async (report: Report, signature: Hash) => {
      const signer = await recoverTypedDataAddress({ ...reportTypedData(report, domain), signature })
      assert.ok(isAddressEqual(signer, node.address))
      const key = `${report.day}/${report.round}`
      said.set(key, (said.get(key) ?? new Set()).add(statementHash(report)))
    }

    const minds = { truth: await reportsOf('truth'), lie: await reportsOf('lie') }
    assert.notDeepEqual(minds.truth, minds.lie)
    for (const [at, pauseMs] of [15, 40, 5, 60, 25, 1_500].entries()) {
      const mind = at % 2 === 0 ? 'truth' : 'lie'
      await stage.forgetDays(1)
      await stage.start(1, mind)
      const { timestamp } = await client.getBlock()
      const peer = createPeerClient({
        ...{ peer: node, account: asker, domain: about, chainTime: () => Number(timestamp) },
        signal: new AbortController().signal,
      })
      // Its days are closed in its first round of work; until then it refuses and signs nothing.
      await sleep(1_000)
      const asks = minds[mind].map(async (report) => {
        const { signature } = await signReport(asker, report, domain)
        const message = { configDigest, proposals: [{ attempt: 0, report, signature }] }
        const { answers } = await peer.ask(paths.propose, message, proposeAnswer)
        if (answers[0]?.kind === 'signed') await hear(report, answers[0].signature)
      })
      const settled = Promise.allSettled(asks)
      await sleep(pauseMs)
      if (pauseMs > 1_000) {
        const request = { network: 1, firstDay: network.firstDay, lastDay: network.firstDay + days - 1 }
        const { signed } = await peer.ask(paths.signed, request, signedAnswer)
        for (const { report, signature } of signed) await hear(report, signature)
      }
      await stage.stop(1)
      for (const each of await settled) {
        if (each.status === 'rejected') assert.ok(each.reason instanceof PeerError, String(each.reason))
      }
    }
    assert.ok(said.size >= days, `${said.size} statements of ${dayNumbers.length} days`)
    for (const [key, statements] of said) assert.equal(statements.size, 1, `${key} has ${statements.size}`)
  })
})

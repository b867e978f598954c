import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zeroAddress, zeroHash } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { type Report, reportDigest, statementHash } from '../../oracle/report.ts'
import { EquivocationError, RelayerStoreIdentityError } from '../../services/relayer/errors.ts'
import { openJournal } from '../../services/relayer/journal.ts'
import { type JournalStore, openJournalStore } from '../../services/relayer/store.ts'
import { StoreInUseError } from '../../services/runtime/outboxErrors.ts'

const report: Report = {
  network: 1,
  day: 18_739,
  round: 1,
  lastHeight: 680_214,
  lastBlockHash: zeroHash,
  work: 10n,
  subsidy: 9n,
  fees: 8n,
  cappedFees: 7n,
  medianFee: 6n,
  poolRowsRoot: zeroHash,
}
const domain = { chainId: 901, rewardIndex: zeroAddress, configDigest: zeroHash }

describe('relayer journal', () => {
  const account = privateKeyToAccount(generatePrivateKey())
  let folder = ''
  let store: JournalStore
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-journal-'))
    store = await openJournalStore(folder, 'a network')
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('signs a report again after a restart, with the same bytes', async () => {
    const first = await openJournal({ store, account }).sign(report, domain)
    await store.close()
    store = await openJournalStore(folder, 'a network')
    assert.deepEqual(await openJournal({ store, account }).sign(report, domain), first)
    assert.deepEqual(await store.allSigned(), [
      ['1/18739/1', { statement: statementHash(report), digests: [reportDigest(report, domain)], report }],
    ])
  })

  for (const [field, changed] of Object.entries({
    fees: { ...report, fees: 9n },
    lastBlockHash: { ...report, lastBlockHash: `0x${'01'.repeat(32)}` as const },
    medianFee: { ...report, medianFee: 5n },
  })) {
    it(`refuses another ${field} for the same day and round, after a restart too and under any signer set`, async () => {
      await openJournal({ store, account }).sign(report, domain)
      await store.close()
      store = await openJournalStore(folder, 'a network')
      const journal = openJournal({ store, account })
      const before = await store.allSigned()
      await assert.rejects(journal.sign(changed, domain), EquivocationError)
      await assert.rejects(
        journal.sign(changed, { ...domain, configDigest: `0x${'02'.repeat(32)}` }),
        EquivocationError,
      )
      assert.deepEqual(await store.allSigned(), before)
      // Another round is another key.
      await journal.sign({ ...changed, round: 2 }, domain)
    })
  }

  it('lets only one of many different reports through that come at the same time', async () => {
    const journal = openJournal({ store, account })
    const tries = Array.from({ length: 20 }, (_, at) =>
      journal.sign({ ...report, fees: BigInt(100 + at) }, domain),
    )
    const results = await Promise.allSettled(tries)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await store.allSigned()).length, 1)
  })

  it('keeps one entry with two digests when the signer set changes under the same report', async () => {
    const journal = openJournal({ store, account })
    const rotated = { ...domain, configDigest: `0x${'02'.repeat(32)}` as const }
    await journal.sign(report, domain)
    await journal.sign(report, rotated)
    await journal.sign(report, domain)
    const [[, signed] = []] = await store.allSigned()
    assert.deepEqual(signed?.digests, [reportDigest(report, domain), reportDigest(report, rotated)])
  })

  it('has on disk what it signed when the process is killed right after', async () => {
    await store.close()
    const child = fork(join(import.meta.dirname, 'relayerSigner.ts'), [folder], {
      execArgv: ['--import', 'tsx'],
      stdio: 'ignore',
    })
    const signedDay = await new Promise<number>((resolve) => {
      child.on('message', (day: number) => {
        if (day < 18_760) return
        child.kill('SIGKILL')
        child.once('exit', () => resolve(day))
      })
    })
    store = await openJournalStore(folder, 'a network')
    const days = new Set((await store.allSigned()).map(([, signed]) => signed.report.day))
    for (let day = 18_739; day <= signedDay; day++) assert.ok(days.has(day), `day ${day}`)
  })

  it('is for one network and one process', async () => {
    await assert.rejects(openJournalStore(folder, 'a network'), StoreInUseError)
    await store.close()
    await assert.rejects(openJournalStore(folder, 'another'), RelayerStoreIdentityError)
    store = await openJournalStore(folder, 'a network')
  })
})

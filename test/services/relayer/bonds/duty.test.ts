import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, type Hash, parseEther } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { rewardIndex, signerBonds } from '../../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../../chain/generated/addresses.ts'
import type { DayTotals } from '../../../../oracle/dayTotals.ts'
import { simulatorNetwork, simulatorSeed, simulatorTerms } from '../../../../oracle/developmentNetworks.ts'
import { type Report, reportDigest, reportOf, signReport } from '../../../../oracle/report.ts'
import type { SimulatedBlock } from '../../../../oracle/simulator/mine.ts'
import type { ProofSource } from '../../../../oracle/sources/blockSource.ts'
import { NoBlockAtHeightError } from '../../../../oracle/sources/errors.ts'
import { readBonds } from '../../../../services/relayer/bonds/contract.ts'
import { keepBonds } from '../../../../services/relayer/bonds/duty.ts'
import { createSendBonds } from '../../../../services/relayer/bonds/send.ts'
import { openDays } from '../../../../services/relayer/days.ts'
import { openJournal } from '../../../../services/relayer/journal.ts'
import { proveDay, proveHeaders } from '../../../../services/relayer/prover/prover.ts'
import { openDayStore, openJournalStore } from '../../../../services/relayer/store.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { createStubChain } from '../../../oracle/sources/stubChain.ts'
import { daysOf, type ProvingChain, startProvingChain } from '../prover/provingChain.ts'

// The real SignerBonds, index and relay: a day is proven, and what four signers said of it has its consequences.

const { firstDay, unitWork } = simulatorNetwork()
const index = hashsandPredeploys.RewardIndex
const bond = parseEther('1')
const log = createLog('test', process.env.HASHSAND_LOG_LEVEL ?? 'silent')

function sourceOf(blocks: readonly SimulatedBlock[]): ProofSource {
  return {
    kind: 'node',
    confirmations: 6,
    async *blocks(after = 0) {
      yield* blocks.filter(({ height }) => height > after)
    },
    tip: async () => blocks.at(-1),
    async proofOf(wanted) {
      const block = blocks.find(({ height }) => height === wanted)
      if (block === undefined) throw new NoBlockAtHeightError(wanted)
      return block
    },
  }
}

/** The chain that won, and one that left it at the last block of the first day and buried another one. */
async function twoChains() {
  const main = createStubChain(simulatorSeed, 330)
  const won = (await daysOf(sourceOf(main.blocks), firstDay)).get(firstDay) ?? assert.fail()
  const other = createStubChain(simulatorSeed, won.lastHeight - (main.blocks[0]?.height ?? 0) + 1)
  other.reorganise(1, 12)
  while ((await daysOf(sourceOf(other.blocks), firstDay)).size === 0) other.mine(6)
  const left = (await daysOf(sourceOf(other.blocks), firstDay)).get(firstDay) ?? assert.fail()
  assert.notEqual(left.lastHash, won.lastHash)
  return { main: sourceOf(main.blocks), other: sourceOf(other.blocks), won, left }
}

describe('bonds of relayer nodes', function () {
  this.timeout(180_000)
  let folder = ''
  let chain: ProvingChain
  let chains: Awaited<ReturnType<typeof twoChains>>
  let bonds: Address
  let domain: { chainId: number; rewardIndex: Address; configDigest: Hash }
  const closing: (() => Promise<void>)[] = []

  before(async () => {
    chains = await twoChains()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-bonds-'))
    chain = await startProvingChain({ bitcoin: await simulatorTerms(), firstDay, unitWork })
    const { client, wallet } = chain
    const hash = await wallet.deployContract({ ...signerBonds, args: [index], chain: null })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    bonds = contractAddress ?? assert.fail()
    const configDigest = await client.readContract({
      ...{ address: index, abi: rewardIndex.abi, functionName: 'configDigest', args: [1] },
    })
    domain = { chainId: 901, rewardIndex: index, configDigest }
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await chain.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const stateOf = async (signer: Address) => ({
    bond: await chain.client.readContract({
      ...{ address: bonds, abi: signerBonds.abi, functionName: 'bondOf', args: [signer] },
    }),
    open: await chain.client.readContract({
      ...{ address: bonds, abi: signerBonds.abi, functionName: 'openAccusationsOf', args: [signer] },
    }),
  })

  async function bonded(): Promise<PrivateKeyAccount> {
    const account = privateKeyToAccount(generatePrivateKey())
    const call = { address: bonds, abi: signerBonds.abi, functionName: 'fund' } as const
    const hash = await chain.wallet.writeContract({
      ...call,
      args: [account.address],
      value: bond,
      chain: null,
    })
    await chain.client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    return account
  }

  /** A node with its own source, journal and kept headers. */
  async function nodeOn(source: ProofSource, account = privateKeyToAccount(generatePrivateKey())) {
    const store = await openJournalStore(join(folder, account.address), account.address)
    const dayStore = await openDayStore(join(folder, `${account.address}-days`), 'days')
    closing.push(store.close, dayStore.close)
    const days = openDays({ source, store: dayStore, firstDay })
    assert.equal(await days.closeUntil(firstDay, 1), firstDay)
    const { client, outbox } = chain
    const duty = {
      ...{ nodes: [{ account, network: 1, store }], payer: outbox.address, totals: days.totals, log },
      view: readBonds(client, { bonds, rewardIndex: index, network: 1 }),
      burial: dayStore.burial,
      newestDay: () => firstDay + 20,
      send: createSendBonds({ client, bonds, outbox, log }),
    }
    return {
      store,
      sign: (report: Report) => openJournal({ store, account }).sign(report, domain),
      keep: async () => {
        const time = Number((await client.getBlock()).timestamp)
        await keepBonds({ ...duty, chainTime: () => time })
      },
    }
  }

  const said = (totals: DayTotals, changes: Partial<Report> = {}): Report => ({
    ...reportOf(totals, { network: 1, round: 1 }),
    ...changes,
  })
  async function heard(account: PrivateKeyAccount, report: Report) {
    const signed = await signReport(account, report, domain)
    const { configDigest } = domain
    return { ...signed, report, configDigest, digest: reportDigest(report, domain) }
  }

  async function prove(): Promise<void> {
    const known = new Map([[firstDay, chains.won]])
    do await proveHeaders(chain.proverOf(chains.main, known))
    while ((await proveDay(chain.proverOf(chains.main, known))).nextDay <= firstDay)
  }

  it('takes the lone liar’s and leaves that of an honest node whose block was buried and then left', async () => {
    const [liar, unlucky] = [await bonded(), await bonded()]
    const witness = await nodeOn(chains.main)
    const defender = await nodeOn(chains.other, unlucky)
    const honest = said(chains.left)
    await defender.sign(honest)
    await witness.store.hear(await heard(liar, said(chains.won, { fees: chains.won.fees * 1_000n })))
    await witness.store.hear(await heard(unlucky, honest))
    await witness.keep()
    assert.deepEqual(await stateOf(liar.address), { bond, open: 0n }, 'accused before anything is proven')

    await prove()
    await witness.keep()
    assert.deepEqual(await stateOf(liar.address), { bond: 0n, open: 0n })
    assert.deepEqual(await stateOf(unlucky.address), { bond, open: 1n })
    await defender.keep()
    assert.deepEqual(await stateOf(unlucky.address), { bond, open: 0n })
    // Nobody is accused of the same again.
    const sent = await chain.sent()
    await witness.keep()
    assert.equal(await chain.sent(), sent)
  })

  it('takes that of a signer of another block that nobody defends, once its time is over', async () => {
    const liar = await bonded()
    const witness = await nodeOn(chains.main)
    await witness.store.hear(await heard(liar, said(chains.left)))
    await prove()
    await witness.keep()
    assert.deepEqual(await stateOf(liar.address), { bond, open: 1n })
    await sleep(8_000)
    await chain.client.request({ method: 'evm_mine' as never })
    await witness.keep()
    assert.deepEqual(await stateOf(liar.address), { bond: 0n, open: 0n })
  })

  it('takes that of a signer who said two things in one round, proven or not', async () => {
    const [liar, careful] = [await bonded(), await bonded()]
    const witness = await nodeOn(chains.main)
    for (const fees of [1n, 2n]) {
      const report = { fees, cappedFees: 0n }
      await witness.store.hear(await heard(liar, said(chains.won, report)))
      await witness.store.hear(await heard(careful, said(chains.won, { ...report, round: Number(fees) })))
    }
    await witness.keep()
    assert.deepEqual(await stateOf(liar.address), { bond: 0n, open: 0n })
    assert.deepEqual(await stateOf(careful.address), { bond, open: 0n })
  })

  it('accuses nobody where the node’s own totals are not the proven ones', async () => {
    const other = await bonded()
    const witness = await nodeOn(chains.other)
    await witness.store.hear(await heard(other, said(chains.won)))
    await prove()
    await witness.keep()
    assert.deepEqual(await stateOf(other.address), { bond, open: 0n })
  })
})

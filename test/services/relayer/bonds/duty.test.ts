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
import {
  encodeSignatures,
  type Report,
  reportDigest,
  reportOf,
  signReport,
} from '../../../../oracle/report.ts'
import type { SimulatedBlock } from '../../../../oracle/simulator/mine.ts'
import type { ProofSource } from '../../../../oracle/sources/blockSource.ts'
import { NoBlockAtHeightError } from '../../../../oracle/sources/errors.ts'
import { attestedOnChain } from '../../../../services/relayer/bonds/attested.ts'
import { readBonds } from '../../../../services/relayer/bonds/contract.ts'
import { keepBonds } from '../../../../services/relayer/bonds/duty.ts'
import { createSendBonds } from '../../../../services/relayer/bonds/send.ts'
import { openBurialStore } from '../../../../services/relayer/bonds/store.ts'
import { openDays } from '../../../../services/relayer/days.ts'
import { openJournal } from '../../../../services/relayer/journal.ts'
import { proveDay, proveHeaders } from '../../../../services/relayer/prover/prover.ts'
import { openDayStore, openJournalStore } from '../../../../services/relayer/store.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { createStubChain } from '../../../oracle/sources/stubChain.ts'
import { daysOf, type ProvingChain, startProvingChain } from '../prover/provingChain.ts'
import { branchAt, main } from '../prover/simulatedBlocks.ts'

// The real SignerBonds, index and relay: a day is proven, and what four signers said of it has its consequences.

const { firstDay, unitWork } = simulatorNetwork()
const index = hashsandPredeploys.RewardIndex
const bond = parseEther('1')
const quorum = Array.from({ length: 4 }, () => privateKeyToAccount(generatePrivateKey()))
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
    const signers = quorum.map(({ address }) => address)
    chain = await startProvingChain({ bitcoin: await simulatorTerms(), firstDay, unitWork, signers })
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

  async function bonded(account = privateKeyToAccount(generatePrivateKey())): Promise<PrivateKeyAccount> {
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
    const burials = await openBurialStore(join(folder, `${account.address}-burials`))
    closing.push(store.close, dayStore.close, burials.close)
    const days = openDays({ source, store: dayStore, burials, firstDay })
    const shown = Math.min((await daysOf(source, firstDay)).size, 2)
    assert.equal(await days.closeUntil(firstDay + 1, 2), firstDay + shown - 1)
    const { client, outbox } = chain
    const send = createSendBonds({ client, bonds, outbox, log })
    const caught: Address[] = []
    const duty = {
      ...{ nodes: [{ account, network: 1, store }], payer: outbox.address, totals: days.totals, log },
      view: readBonds(client, { bonds, rewardIndex: index, network: 1 }),
      burials,
      attested: async (day: number) => {
        const view = readBonds(client, { bonds, rewardIndex: index, network: 1 })
        const times = { from: 0, until: await view.provenAt(day) }
        return attestedOnChain({ client, domain, network: 1, day, ...times })
      },
      newestDay: () => firstDay + 20,
      send: {
        ...send,
        proveEquivocation: (...pair: Parameters<typeof send.proveEquivocation>) => {
          caught.push(pair[0].signer)
          return send.proveEquivocation(...pair)
        },
      },
    }
    return {
      caught,
      store,
      sign: (report: Report) => openJournal({ store, account }).sign(report, domain),
      keep: async () => {
        const time = Number((await client.getBlock()).timestamp)
        return keepBonds({ ...duty, chainTime: () => time })
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

  async function prove(last = firstDay, source = chains.main): Promise<void> {
    const known = new Map([...(await daysOf(source, firstDay))].filter(([day]) => day <= last))
    do await proveHeaders(chain.proverOf(source, known))
    while ((await proveDay(chain.proverOf(source, known))).nextDay <= last)
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
    assert.deepEqual(witness.caught, [liar.address])
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

  it('finds a lying quorum in the call that attested, without having heard a word', async () => {
    for (const signer of quorum) await bonded(signer)
    const witness = await nodeOn(chains.main)
    const lie = said(chains.won, { subsidy: chains.won.subsidy * 1_000n })
    const liars = quorum.slice(1)
    const signatures = await Promise.all(liars.map((signer) => signReport(signer, lie, domain)))
    const attest = { address: index, abi: rewardIndex.abi, functionName: 'attest' } as const
    const hash = await chain.wallet.writeContract({
      ...{ ...attest, args: [lie, encodeSignatures(signatures, liars.length)], chain: null },
    })
    const { status } = await chain.client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    assert.equal(status, 'success')
    await prove()
    await witness.keep()
    const left = await Promise.all(quorum.map(async ({ address }) => (await stateOf(address)).bond))
    assert.deepEqual(left, [bond, 0n, 0n, 0n])
  })

  it('leaves that of a node whose branch had left before midnight, by the headers of two days', async () => {
    const unlucky = await bonded()
    const fork = chains.won.lastHeight - 2
    const branch = sourceOf([...main.filter(({ height }) => height <= fork), ...branchAt(fork, 'left', 220)])
    const seen = (await daysOf(branch, firstDay)).get(firstDay + 1) ?? assert.fail()
    const [witness, defender] = [await nodeOn(sourceOf(main)), await nodeOn(branch, unlucky)]
    await defender.sign(said(seen))
    await witness.store.hear(await heard(unlucky, said(seen)))
    await prove(firstDay + 1, sourceOf(main))
    await witness.keep()
    assert.deepEqual(await stateOf(unlucky.address), { bond, open: 1n })
    assert.equal(await defender.keep(), 0)
    assert.deepEqual(await stateOf(unlucky.address), { bond, open: 0n })
  })
})

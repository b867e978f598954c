import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Abi,
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeAbiParameters,
  type Hash,
  http,
  keccak256,
  parseEther,
} from 'viem'
import type { BitcoinTerms, L1Contracts } from '../../../../chain/deploy/config.ts'
import { bitcoinRelay, rewardIndex } from '../../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../../chain/generated/addresses.ts'
import { buildGenesis } from '../../../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../../../chain/genesis/inject.ts'
import { l1ContractNames } from '../../../../chain/manifest.ts'
import { buried, completeDays, type DayTotals } from '../../../../oracle/dayTotals.ts'
import type { CoinbaseProof } from '../../../../oracle/proofs/coinbaseProofs.ts'
import { encodeHeaders, type HeaderBatch } from '../../../../oracle/proofs/headerBatches.ts'
import type { BlockSource, ProofSource } from '../../../../oracle/sources/blockSource.ts'
import type { ProverParameters } from '../../../../services/relayer/prover/prover.ts'
import { openRelay } from '../../../../services/relayer/prover/relay.ts'
import { createSend } from '../../../../services/relayer/prover/send.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { openOutbox } from '../../../../services/runtime/outbox.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { account, config, startTestNode } from '../../../chain/fixture.ts'

const chainId = 901
const network = 1
const log = createLog('test', 'silent')
const index = { address: hashsandPredeploys.RewardIndex, abi: rewardIndex.abi } as const
const relay = { address: hashsandPredeploys.BitcoinRelay, abi: bitcoinRelay.abi } as const
// Safe: one entry for every name.
const l1 = Object.fromEntries(l1ContractNames.map((name) => [name, account().address])) as L1Contracts

export type ProvingChain = Awaited<ReturnType<typeof startProvingChain>>

export type ProvingChainParameters = {
  bitcoin: BitcoinTerms
  firstDay: number
  unitWork: bigint
  daysOver?: number
  epochSeconds?: number
  signers?: readonly Address[]
}

/** An L2 with our genesis, on which a hundred days are over and none is proven; a prover's key, and a stranger's. */
export async function startProvingChain({
  bitcoin,
  firstDay,
  unitWork,
  daysOver = 100,
  epochSeconds = 1,
  signers,
}: ProvingChainParameters) {
  const payer = account()
  const stranger = account()
  const node = await startTestNode(chainId, ['--network', 'optimism', '--hardfork', 'granite'])
  const client = createPublicClient({ transport: http(node.rpcUrl, { batch: true }), cacheTime: 0 })
  const wallet = createWalletClient({ account: stranger, transport: http(node.rpcUrl) })
  const now = Number((await client.getBlock()).timestamp)
  const networks = config.networks.map((given) => ({
    ...given,
    ...{ class: 'proven' as const, prover: relay.address, bitcoin, firstDay, unitWork },
    signers: signers ?? given.signers,
  }))
  const clock = { firstEpoch: firstDay, start: now - daysOver * epochSeconds, epochSeconds }
  await injectGenesis(node.rpcUrl, await buildGenesis({ ...config, clock, networks }, l1))
  const test = createTestClient({ mode: 'anvil', transport: http(node.rpcUrl) })
  for (const { address } of [payer, stranger]) await test.setBalance({ address, value: parseEther('100') })

  const folder = await mkdtemp(join(tmpdir(), 'hashsand-prover-'))
  const stopping = new AbortController()
  const store = await openOutboxStore(join(folder, 'outbox'))
  const { signal } = stopping
  const outbox = await openOutbox({ client, account: payer, store, log, signal, pollMs: 20 })
  const read = openRelay(client, relay.address)
  const send = createSend({ client, relay: read, outbox, log })

  /** Whoever has no part in the node. */
  async function sendAsStranger(functionName: string, args: readonly unknown[]) {
    const abi: Abi = relay.abi
    const hash = await wallet.writeContract({ ...relay, abi, functionName, args, chain: null })
    const { status } = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    assert.equal(status, 'success')
  }

  return {
    ...{ client, wallet, outbox, chainId, network, index, rpcUrl: node.rpcUrl },
    /** What a prover with this source and these days works with. */
    proverOf: (source: ProofSource, days: ReadonlyMap<number, DayTotals>): ProverParameters => {
      const totals = async (day: number) => days.get(day)
      return { relay: read, source, send, days: { totals }, isTurn: () => true, log }
    },
    sendHeaders: (batch: HeaderBatch) => sendAsStranger('addHeaders', [batch.parent, encodeHeaders(batch)]),
    sendCoinbases: (proof: CoinbaseProof) =>
      sendAsStranger('proveCoinbases', [
        ...[proof.checkpoint, proof.group, proof.medianFee, proof.previousMedianFee],
        ...[proof.otherGroupHashes, proof.proofs],
      ]),
    /** Transactions of the prover. */
    sent: () => client.getTransactionCount(payer),
    best: () => client.readContract({ ...relay, functionName: 'best' }),
    statementOf: (day: number) =>
      client.readContract({ ...index, functionName: 'statementOf', args: [network, day] }),
    lastFinalDay: () => client.readContract({ ...index, functionName: 'lastContiguousDay', args: [network] }),
    valuesOf: (day: number) => client.readContract({ ...index, functionName: 'dayOf', args: [network, day] }),
    stop: async () => {
      stopping.abort()
      await outbox.close()
      await node.stop()
      await rm(folder, { recursive: true })
    },
  }
}

/** The days that a source shows whole now. */
export async function daysOf(
  source: Pick<BlockSource, 'blocks'>,
  firstDay: number,
): Promise<Map<number, DayTotals>> {
  const days = new Map<number, DayTotals>()
  for await (const totals of completeDays(buried(source.blocks(), 6), { firstDay }))
    days.set(totals.day, totals)
  return days
}

/** What the index keeps of a proven day, from totals that never were in a contract. */
export function statement(totals: DayTotals | undefined): Hash {
  assert.ok(totals)
  const { lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee } = totals
  const types = ['uint32', 'bytes32', 'uint256', 'uint128', 'uint128', 'uint128', 'uint128'] as const
  return keccak256(
    encodeAbiParameters(
      types.map((type) => ({ type })),
      [lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee],
    ),
  )
}

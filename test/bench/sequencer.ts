import { join } from 'node:path'
import {
  decodeFunctionData,
  type Hex,
  isAddressEqual,
  multicall3Abi,
  type PublicClient,
  type TransactionReceipt,
} from 'viem'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import type { Bench, Stage } from './bench.ts'
import { type BridgeChains, mine, rpc, startBridgeChains } from './bridgeChains.ts'
import { depositsPerBlock, makeDeposits, makeWithdrawals, propose } from './bridgeHistory.ts'
import { benchOptimism } from './optimismLoop.ts'
import { benchPonder } from './ponder.ts'
import { type Memory, type Service, slopeOf, startService } from './service.ts'
import { benchSteady } from './steady.ts'

/** Deposits that the empty store is behind. */
const wanted = Number(process.env.HASHSAND_BENCH_DEPOSITS ?? 50_000)
const manyWithdrawals = Number(process.env.HASHSAND_BENCH_WITHDRAWALS ?? 6_000)

/** What the bridge service costs: time and memory to read a long past, gas for each step of a withdrawal, messages a second. */
export const sequencerBench: Bench = {
  name: 'sequencer',
  run: async (stage) => {
    stage.say('two anvils with the contracts')
    const chains = await startBridgeChains()
    let service: Service | undefined
    try {
      await benchCatchUp(chains, stage)
      await benchPonder(chains, stage)
      await rpc(chains.l1, 'evm_setIntervalMining', 1)
      service = await startService(chains, { HASHSAND_L1_CONFIRMATIONS: '0', HASHSAND_POLL_MS: '200' })
      await benchGas(chains, service, stage)
      await service.stop()
      await benchOptimism(chains, stage)
    } finally {
      await service?.stop()
      await chains.stop()
    }
    await benchSteady(stage)
  },
}

/* CATCH-UP */

async function benchCatchUp(chains: BridgeChains, stage: Stage): Promise<void> {
  const blocks = Math.ceil(wanted / depositsPerBlock)
  stage.say(`making ${blocks * depositsPerBlock} deposits in ${blocks} blocks of each chain: some minutes`)
  await makeDeposits(chains, blocks)
  // What is final on this L1 lags by two blocks, and the last block is read only when one is built upon it.
  await mine(chains.l1, 4)
  const least = (blocks - 2) * depositsPerBlock

  const { seconds, whole, read, memory } = await catchUp(chains, { least, state: 'sequencer' })
  const better = 'higher' as const
  const figure = { case: 'catch-up from an empty store', value: read / seconds, unit: 'deposits/s' }
  stage.measured({ ...figure, better, budget: 5_000, peer: published })
  const start = { case: 'the same, with the start of the process', value: read / whole }
  stage.measured({ ...start, unit: 'deposits/s', better })
  const most = Math.max(...memory.map(([, { resident }]) => resident))
  stage.measured({ case: 'memory while catching up, at most', value: most, unit: 'MB', better: 'lower' })

  // V8 takes what it may before it collects; what is really held shows where it may take little.
  const tight = await catchUp(chains, { least, state: 'sequencer-tight', heapMb: tightHeapMb })
  const within = `catch-up with a heap of ${tightHeapMb} MB at most`
  stage.measured({ case: within, value: tight.read / tight.seconds, unit: 'deposits/s', better })
  const later = tight.memory.filter(([done]) => done > 1)
  const growth = (of: (memory: Memory) => number) =>
    slopeOf(later.map(([done, memory]) => [done, of(memory)] as const))
  const unit = 'MB'
  const there = { case: 'growth there for 10,000 deposits after the first', better: 'lower' as const }
  stage.measured({ ...there, value: growth(({ resident }) => resident), unit })
  if (later.some(([, { own }]) => own === undefined)) return
  const own = { case: 'the same, without the tables that LevelDB maps', better: 'lower' as const }
  stage.measured({ ...own, value: growth((memory) => memory.own ?? 0), unit })
}

/** Far below what 50,000 deposits take as objects. */
const tightHeapMb = 96

type CatchUp = { seconds: number; whole: number; read: number; memory: [number, Memory][] }

/** Memory is by ten thousands of deposits read. */
async function catchUp(
  chains: BridgeChains,
  { least, state, heapMb }: { least: number; state: string; heapMb?: number },
): Promise<CatchUp> {
  const began = performance.now()
  const env = {
    HASHSAND_RELAY: 'off',
    HASHSAND_L1_CONFIRMATIONS: '0',
    HASHSAND_STATE_DIR: join(chains.dir, state),
  }
  const service = await startService(chains, env, heapMb)
  try {
    const pages = () => service.events.filter(({ msg }) => msg === 'sequencer.history')
    const read = () => pages().reduce((most, { messages }) => Math.max(most, Number(messages)), 0)
    const memory: [number, Memory][] = []
    await service.until(
      () => {
        memory.push([read() / 10_000, service.memory()])
        return read() >= least
      },
      `${least} deposits in the store`,
      600,
    )
    const listening = service.events.find(({ msg }) => msg === 'sequencer.listening')
    const seconds = secondsBetween(listening?.time, pages().at(-1)?.time)
    return { seconds, whole: (performance.now() - began) / 1_000, read: read(), memory }
  } finally {
    await service.stop()
  }
}

const published = { name: 'HyperSync, any events', value: 9_984, source: 'DESIGN §11' }

function secondsBetween(from: string | undefined, to: string | undefined): number {
  return (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000
}

/* GAS */

type Sent = { step: string; messages: number; gas: bigint; depths: number[] }

async function benchGas(chains: BridgeChains, service: Service, stage: Stage): Promise<void> {
  const done = (states: readonly string[]) => async () => {
    const { withdrawal } = (await service.status()).backlog
    return states.reduce((sum, state) => sum + (withdrawal[state] ?? 0), 0)
  }
  const finalised = done(['finalised'])
  const proven = done(['proven', 'mature', 'finalise-intent', 'finalised'])
  let made = 0
  for (const { count, enough, budgets } of stages) {
    stage.say(`${count} withdrawals more, after ${made}`)
    const from = (await chains.l1.getBlockNumber()) + 1n
    await makeWithdrawals(chains, count)
    await propose(chains)
    const began = performance.now()
    const before = await finalised()
    await service.until(async () => (await proven()) - before >= enough, `${enough} proofs`, 600)
    const seconds = (performance.now() - began) / 1_000
    const rate = ((await proven()) - before) / seconds
    await service.until(async () => (await finalised()) - before >= Math.min(enough, 40), 'finalised', 600)
    made += count
    const sent = await sentSince(chains, from)
    for (const step of ['prove', 'finalise'] as const)
      tell(stage, sent, { step, count, made, budget: budgets?.[step] })
    if (count > 40) {
      stage.measured({
        case: 'proofs, prepared and mined',
        value: rate,
        unit: 'messages/s',
        better: 'higher',
      })
    }
  }
}

const stages = [
  { count: 1, enough: 1, budgets: undefined },
  { count: 40, enough: 40, budgets: { prove: 175_000, finalise: 154_000 } },
  { count: manyWithdrawals, enough: 200, budgets: { prove: 240_000, finalise: 154_000 } },
]

type Told = { step: 'prove' | 'finalise'; count: number; made: number; budget: number | undefined }

/** The dearest batch of thirty or more counts; of a single one, the transaction. */
function tell(stage: Stage, sent: readonly Sent[], { step, count, made, budget }: Told): void {
  const least = Math.min(count, 30)
  const fitting = sent.filter((one) => one.step === step && one.messages >= least)
  if (fitting.length === 0) {
    stage.say(`no transaction ${step}s ${least} messages; there were ${sent.map(({ messages }) => messages)}`)
    return
  }
  const dearest = fitting.reduce((most, one) => (eachOf(one) > eachOf(most) ? one : most))
  const depths = fitting.flatMap((one) => one.depths)
  const depth =
    depths.length === 0 ? '' : `, proofs of ${Math.min(...depths)} to ${Math.max(...depths)} nodes`
  const how =
    count === 1 ? 'alone' : `in batches of ${Math.min(...fitting.map(({ messages }) => messages))} or more`
  const name = `${step} on a chain with ${made} withdrawals, ${how}${depth}`
  const limit = budget === undefined ? {} : { budget }
  stage.measured({ case: name, value: eachOf(dearest), unit: 'gas', better: 'lower', ...limit })
}

const eachOf = ({ gas, messages }: Sent): number => Number(gas) / messages

/** What the service's key has sent to the portal, alone or in batches. */
async function sentSince({ l1, keys, manifest }: BridgeChains, from: bigint): Promise<Sent[]> {
  const { OptimismPortal, Multicall3 } = manifest.l1.contracts
  const head = await l1.getBlockNumber()
  const sent: Sent[] = []
  for (let number = from; number <= head; number++) {
    for (const { to, input, receipt } of await minedBy(l1, keys.sequencer.address, number)) {
      if (to === null || receipt.status !== 'success') continue
      if (isAddressEqual(to, OptimismPortal)) sent.push(stepsOf([input], receipt.gasUsed))
      if (isAddressEqual(to, Multicall3)) sent.push(stepsOf(callsIn(input), receipt.gasUsed))
    }
  }
  return sent
}

async function minedBy(l1: PublicClient, key: Hex, blockNumber: bigint) {
  const { transactions } = await l1.getBlock({ blockNumber, includeTransactions: true })
  const own = transactions.filter(({ from }) => isAddressEqual(from, key))
  return Promise.all(
    own.map(async ({ hash, to, input }) => {
      const receipt: TransactionReceipt = await l1.getTransactionReceipt({ hash })
      return { to, input, receipt }
    }),
  )
}

function callsIn(input: Hex): Hex[] {
  const { args } = decodeFunctionData({ abi: multicall3Abi, data: input })
  // Safe: a batch is made by aggregate3.
  return ((args?.[0] ?? []) as readonly { callData: Hex }[]).map(({ callData }) => callData)
}

function stepsOf(calls: readonly Hex[], gas: bigint): Sent {
  const decoded = calls.map((data) => decodeFunctionData({ abi: optimismPortalAbi, data }))
  const isProof = decoded[0]?.functionName === 'proveWithdrawalTransaction'
  // Safe: the fourth argument of a proof is its nodes.
  const depths = isProof ? decoded.map(({ args }) => ((args?.[3] ?? []) as readonly Hex[]).length) : []
  return { step: isProof ? 'prove' : 'finalise', messages: calls.length, gas, depths }
}

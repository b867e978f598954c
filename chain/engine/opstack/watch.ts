import { formatEther, type Hash, parseEther } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { getBalance, getBlock } from 'viem/actions'
import type { ChainTerms } from '../../deploy/config.ts'
import type { EngineEvent } from '../engine.ts'
import { nodeRpcUrl, type Setting } from './components.ts'
import { judge, type Limits, limitsOf, type Observation, type Verdict, type WatchState } from './judge.ts'
import { type Repeated, repeat } from './repeat.ts'
import { opNode, rpc } from './rpc.ts'
import type { Supervised } from './supervise.ts'

const POLL_MS = 1_000
/** Balances change slowly. */
const FUNDS_EVERY = 30
const LOW_FUNDS = parseEther('0.1')

export type WatchParameters = {
  setting: Setting
  config: ChainTerms
  batcher: Pick<Supervised, 'restart'>
  /** Of everything that sends to L1. */
  restartSenders: () => void
  /** Lets op-node make the blocks that L1 makes without batches, or no longer. */
  recover: (from: boolean) => void
  onEvent?: (event: EngineEvent) => void
}

/** Looks once a second whether L2 gets to L1, and acts where it does not. */
export function startWatch(parameters: WatchParameters): Repeated {
  const { setting, config } = parameters
  const limits = limitsOf(config.bridge.sequencingWindowBlocks, config.l1.blockTimeSeconds)
  const look = openLook(setting)
  const poor = new Set<string>()
  let state: WatchState | undefined
  return repeat(POLL_MS, async (_, round) => {
    if (round % FUNDS_EVERY === 0) await checkFunds(parameters, poor)
    const seen = await look()
    const judged = judge(state, seen, limits)
    state = judged.state
    for (const verdict of judged.verdicts) act(parameters, verdict, seen, limits)
  })
}

function openLook(setting: Setting): () => Promise<Observation> {
  const [l1, node] = [rpc(setting.l1.rpcUrl), rpc(nodeRpcUrl(setting))]
  let known: { number: bigint; hash: Hash } | undefined
  return async () => {
    const [head, status] = await Promise.all([getBlock(l1), opNode(node, 'optimism_syncStatus', [])])
    const hash =
      known === undefined || known.number > head.number
        ? undefined
        : (await getBlock(l1, { blockNumber: known.number })).hash
    const l1Reorganised = known !== undefined && hash !== known.hash
    known = head
    return {
      nowMs: Date.now(),
      l1Reorganised,
      l1Head: Number(head.number),
      safe: status.safe_l2.number,
      unsafe: status.unsafe_l2.number,
      safeOrigin: status.safe_l2.l1origin.number,
      derivedFrom: status.current_l1.number,
    }
  }
}

function act(parameters: WatchParameters, verdict: Verdict, seen: Observation, limits: Limits): void {
  const { batcher, restartSenders, recover, onEvent } = parameters
  const { sequencingWindowBlocks } = parameters.config.bridge
  const at = `safe ${seen.safe}, newest ${seen.unsafe}, L1 ${seen.l1Head}, origin of safe ${seen.safeOrigin}`
  if (verdict === 'l1-reorganised') {
    restartSenders()
    onEvent?.({
      severity: 'alert',
      what: verdict,
      detail: `op-batcher and op-proposer are started anew (${at}).`,
    })
  }
  if (verdict === 'safe-head-stuck') {
    batcher.restart()
    onEvent?.({
      severity: 'alert',
      what: verdict,
      component: 'op-batcher',
      detail: `No new safe block for ${limits.stallMs / 1_000} s; op-batcher is started anew (${at}).`,
    })
  }
  if (verdict === 'l2-stuck') {
    const detail = `No new L2 block for ${limits.stallMs / 1_000} s (${at}). The log of op-node says why.`
    onEvent?.({ severity: 'page', what: verdict, component: 'op-node', detail })
  }
  if (verdict === 'safe-lag') {
    const detail = `The safe head is more than ${limits.lagBlocks} L1 blocks behind (${at}). After ${sequencingWindowBlocks} acknowledged transactions are lost: look at op-batcher.`
    onEvent?.({ severity: 'page', what: verdict, detail })
  }
  if (verdict === 'window-missed') {
    recover(true)
    const detail = `For ${sequencingWindowBlocks} L1 blocks no batch came that follows the safe head: L1 alone makes the next L2 blocks, and those made on L2 are taken back (${at}). op-node is started anew and makes empty blocks, those of L1, until batches arrive in time; users' transactions wait in the pool.`
    onEvent?.({ severity: 'page', what: verdict, component: 'op-node', detail })
  }
  if (verdict === 'window-regained') {
    recover(false)
    const detail = `Batches arrive in time again (${at}). op-node is started anew and takes users' transactions.`
    onEvent?.({ severity: 'alert', what: verdict, component: 'op-node', detail })
  }
}

async function checkFunds({ setting, onEvent }: WatchParameters, poor: Set<string>): Promise<void> {
  for (const role of ['batcher', 'proposer'] as const) {
    const address = privateKeyToAddress(setting.keys[role])
    const balance = await getBalance(rpc(setting.l1.rpcUrl), { address })
    if (balance >= LOW_FUNDS) {
      poor.delete(role)
    } else if (!poor.has(role)) {
      poor.add(role)
      const detail = `The ${role} ${address} has ${formatEther(balance)} ether on L1. Send it some: below ${formatEther(LOW_FUNDS)} it may stop.`
      onEvent?.({ severity: 'page', what: 'out-of-funds', component: `op-${role}`, detail })
    }
  }
}

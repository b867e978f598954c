import type { LocalAccount, PublicClient } from 'viem'
import { ReceiptsMismatchError } from '../../bridge/errors.ts'
import { StateNotSavedError } from '../../chain/engine/errors.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { Log } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import { type Outbox, type OutboxParameters, openOutbox } from '../runtime/outbox.ts'
import { sleep } from '../runtime/sleep.ts'
import type { OutboxStore } from '../runtime/store.ts'
import { observe } from './blocks.ts'
import { derive, drainPool, fillToRoot, resume } from './derive.ts'
import { DepositRefusedError, HistoryIncompleteError } from './errors.ts'
import { alert, askingNodes, durableHead, type Network } from './network.ts'
import { proposeNext, readLastRoot } from './propose.ts'
import { createReplayer, type Replayer, replayDeposits } from './replay.ts'
import type { Shared } from './status.ts'
import { watchSupply } from './supply.ts'
import { createSweeper, type Sweeper, type SweepLeast, sweepForwarders } from './sweep.ts'
import { advanceMessages, createWithdrawer, type Withdrawer } from './withdraw.ts'

// What the service does, without its process: no port, no environment, no disk of its own. The simulator runs exactly this.

type Role = 'sequencer' | 'proposer'

export type CoreParts = {
  network: Network
  keys: Record<Role, LocalAccount>
  /** Of an outbox. That of the replays on L2 sends with the key `sequencer`. */
  openStore: (name: Role | 'replays') => Promise<OutboxStore>
  /** How often the outboxes ask L1, in ms. */
  outboxPollMs?: number
  relays: boolean
  /** The most gas that is paid for one step of one message. */
  maxGas?: bigint | undefined
  /** What is swept out of payout forwarders; nothing when absent. */
  sweepLeast?: SweepLeast | undefined
  /** How failed deposits are replayed; absent where they are only shown. */
  replays?: ReplayParts | undefined
  log: Log
  signal: AbortSignal
}

export type ReplayParts = {
  /** L2 as its users see it. */
  l2: PublicClient
  /** Whether an earlier run may have left some on their way. */
  wereMade: boolean
}

export type Core = Pick<CoreParts, 'network' | 'log' | 'signal'> & {
  /** Ends all that it has begun. */
  halt: () => void
  shared: Shared
  withdrawer: Withdrawer
  replayer: Replayer | undefined
  sweeper: Sweeper
}

/** Takes up what an earlier run left: intents on their way, and blocks of an L2 that this service makes. Where it fails nothing of it stays open. */
export async function openCore(parts: CoreParts): Promise<Core> {
  const halting = new AbortController()
  const halt = () => halting.abort()
  const signal = AbortSignal.any([parts.signal, halting.signal])
  const outboxes: Outboxes = {}
  try {
    return { ...(await openParts({ ...parts, signal }, outboxes)), halt }
  } catch (error) {
    halt()
    await closeAll(outboxes)
    throw error
  }
}

type Outboxes = Record<string, Outbox>

async function openParts(parts: CoreParts, outboxes: Outboxes): Promise<Omit<Core, 'halt'>> {
  const { network, keys, relays, maxGas, replays, log, signal } = parts
  const safeHead = async () => (await durableHead(network))?.number ?? 0n
  const openKey = async (role: Role) => {
    const opened = await openKeyOf(parts, role, {
      ...{ client: network.l1, account: keys[role], safeHead },
      ...(parts.outboxPollMs !== undefined && { pollMs: parts.outboxPollMs }),
    })
    outboxes[role] = opened
    return opened
  }
  const outbox = await openKey('sequencer')
  // On the real engine op-proposer sends with that key.
  if (makesBlocks(network)) await openKey('proposer')
  const withdrawer = createWithdrawer({ network, outbox, relays, multicall: network.multicall, maxGas })
  const shared: Shared = { network, outboxes, lastRoot: undefined, supply: undefined }
  const open = async (l2: PublicClient) => {
    const opened = await openReplays(parts, l2)
    outboxes.replays = opened
    return opened
  }
  const replayer =
    replays && relays ? createReplayer({ network, ...replays, open: () => open(replays.l2) }) : undefined
  const least = (relays ? parts.sweepLeast : undefined) ?? new Map()
  const sweeper = createSweeper({ network, outbox, least })
  if (makesBlocks(network)) await resume(network)
  return { network, log, signal, shared, withdrawer, replayer, sweeper }
}

async function openReplays(parts: CoreParts, client: PublicClient): Promise<Outbox> {
  // What the embedded front shows is on disk; a real node may still give up what is not on L1.
  const safeHead = async () => (await client.getBlock({ blockTag: 'safe' })).number
  return openKeyOf(parts, 'replays', {
    ...{ client, account: parts.keys.sequencer },
    ...(!makesBlocks(parts.network) && { safeHead }),
  })
}

async function openKeyOf(
  { openStore, log, signal }: CoreParts,
  name: Role | 'replays',
  way: Pick<OutboxParameters, 'client' | 'account' | 'safeHead' | 'pollMs'>,
): Promise<Outbox> {
  const store = await openStore(name)
  try {
    return await openOutbox({ ...way, store, log, signal })
  } catch (error) {
    await store.close()
    throw error
  }
}

export type Pace = {
  pollMs: number
  readManifest: () => Promise<Manifest>
  /** Rejects once a store takes nothing more. */
  broken: Promise<never>
}

/** Runs the loops until the signal aborts, one of them fails for good, or a store does. None of them runs any more when it ends. */
export async function runCore(core: Core, { broken, ...pace }: Pace): Promise<void> {
  const loops = startLoops(core, pace)
  try {
    await Promise.race([Promise.all(loops), broken])
  } finally {
    core.halt()
    await Promise.allSettled(loops)
  }
}

function startLoops(core: Core, { pollMs, readManifest }: Omit<Pace, 'broken'>): Promise<void>[] {
  const { network, log, signal, shared, withdrawer, replayer, sweeper } = core
  const { proposer } = shared.outboxes
  const every = (everyMs: number, step: () => Promise<void>) =>
    loop({ log, signal, everyMs, step: () => askingNodes(step) })
  return [
    every(pollMs, () => followChains(core)),
    every(pollMs * 2, async () => {
      const mayPropose = () => !signal.aborted && network.words.paused === undefined
      while (mayPropose() && proposer && (await proposeNext(network, proposer))) {
        shared.lastRoot = await readLastRoot(network)
      }
    }),
    every(pollMs * 2, () => advanceMessages(withdrawer)),
    every(pollMs * 5, async () => {
      if (replayer !== undefined) await replayDeposits(replayer)
    }),
    every(pollMs * 5, () => sweepForwarders(sweeper)),
    every(pollMs * 5, async () => {
      network.manifest = await readManifest()
      shared.lastRoot = await readLastRoot(network)
      shared.supply = (await watchSupply(network)) ?? shared.supply
    }),
  ]
}

export function closeCore({ shared }: Core): Promise<void> {
  return closeAll(shared.outboxes)
}

async function closeAll(outboxes: Outboxes): Promise<void> {
  await Promise.all(Object.values(outboxes).map((outbox) => outbox.close()))
}

function makesBlocks({ dumps }: Pick<Network, 'dumps'>): boolean {
  return dumps !== undefined
}

const diskPauseMs = 1_000

/** Brings the store, and the embedded L2, up to the chains. An operator is told while a node's answers, or the disk of L2's states, stop that. */
async function followChains({ network, signal }: Pick<Core, 'network' | 'signal'>): Promise<void> {
  try {
    await (makesBlocks(network) ? build(network) : observe(network))
    alert(network, 'node', undefined)
    alert(network, 'disk', undefined)
  } catch (error) {
    const fault = nodeFaults.some((kind) => error instanceof kind)
    if (fault && error instanceof Error) alert(network, 'node', error.message)
    if (error instanceof StateNotSavedError) {
      alert(network, 'disk', error.message)
      // Each try takes the whole state of L2 from its node.
      await sleep(diskPauseMs, signal)
    }
    throw error
  }
}

const nodeFaults = [ReceiptsMismatchError, HistoryIncompleteError, DepositRefusedError] as const

/** One step of the embedded chain: L1's deposits, users' transactions, and blocks up to a root that is waited for. */
async function build(network: Network): Promise<void> {
  await derive(network)
  await drainPool(network)
  await fillToRoot(network)
}

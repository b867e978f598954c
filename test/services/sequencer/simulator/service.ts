import { createPublicClient, BaseError as ViemError } from 'viem'
import type { DumpStore } from '../../../../chain/engine/anvil/dump.ts'
import { BaseError } from '../../../../chain/errors.ts'
import { networkIdentity } from '../../../../chain/identity.ts'
import type { Manifest } from '../../../../chain/manifest.ts'
import { openAgreement } from '../../../../services/runtime/agreement/transport.ts'
import { isDiskFull } from '../../../../services/runtime/database/isDiskFull.ts'
import { watchStores } from '../../../../services/runtime/database/watchStores.ts'
import { createLog, type Log } from '../../../../services/runtime/log.ts'
import { outlastFullDisk } from '../../../../services/runtime/outlastFullDisk.ts'
import { openOutboxStore } from '../../../../services/runtime/store.ts'
import { type Core, closeCore, openCore, runCore } from '../../../../services/sequencer/core.ts'
import { ReorganisationTooDeepError } from '../../../../services/sequencer/errors.ts'
import { openNetwork } from '../../../../services/sequencer/network.ts'
import { openSequencerStore, type SequencerStore } from '../../../../services/sequencer/store.ts'
import type { Disk } from './disk.ts'
import { BrokenPromiseError } from './errors.ts'
import { frontOf } from './front.ts'
import { confirmations, keyOf, simulatedKey } from './places.ts'
import type { Owner } from './schedule.ts'
import { connectTo, memberOf, type Node, type WireParts } from './wire.ts'

/** One run of the service, from its start to its end or its kill. */
export type Run = {
  owner: Owner
  core: Core | undefined
  store: SequencerStore | undefined
  /** Ends it as SIGTERM does. */
  stop(): void
}

export type ServiceParts = Omit<WireParts, 'owner'> & {
  manifest: Manifest
  disk: Disk
  /** Several of L1 have to agree, two of three; one is believed. */
  nodes: { l1: readonly [Node, ...Node[]]; l2: Node }
  /** Undefined where L2's node keeps its state itself. */
  dumpsOf: ((owner: Owner) => DumpStore) | undefined
  onLine: (line: string) => void
  /** A run is at work again after its disk was full. */
  onRoom: () => void
  /** The most that the operator lets it follow L1 back by itself. */
  policy: () => bigint | undefined
  /** It halted because L1 has taken back more than that. */
  onHalt: (error: ReorganisationTooDeepError) => void
  /** The run has ended; the supervisor starts the next one. */
  onEnd: (reason: string) => void
}

const keys = { sequencer: simulatedKey(keyOf.sequencer), proposer: simulatedKey(keyOf.proposer) }

/** Starts the service as its main function does. Everything that it waits for is the schedule's. */
export function startService(parts: ServiceParts, folder = ''): Run {
  const owner: Owner = { alive: true, pausedUntil: 0 }
  const stopping = new AbortController()
  const run: Run = { owner, core: undefined, store: undefined, stop: () => stopping.abort() }
  serve(parts, run, stopping.signal, folder).then(
    () => parts.onEnd('stopped'),
    (error: unknown) => {
      if (!owner.alive) return
      if (error instanceof ReorganisationTooDeepError) parts.onHalt(error)
      else if (!mayRestart(error)) parts.onBug(error)
      parts.onEnd(nameOf(error))
    },
  )
  return run
}

async function serve(parts: ServiceParts, run: Run, signal: AbortSignal, folder: string): Promise<void> {
  const log = createLog('sequencer', 'info', { write: parts.onLine })
  let wasFull = false
  const standAside = async () => {
    wasFull = true
  }
  await outlastFullDisk({ log, signal, checkRoom: parts.disk.checkRoom, standAside }, async (begun) => {
    const closing: Closing = []
    const hasBegun = () => {
      if (wasFull) parts.onRoom()
      wasFull = false
      begun()
    }
    try {
      await work(parts, run, { log, signal, folder, closing, begun: hasBegun })
    } finally {
      Object.assign(run, { core: undefined, store: undefined })
      for (const close of closing.reverse()) await close()
    }
  })
}

type Closing = (() => Promise<void>)[]
type Life = { log: Log; signal: AbortSignal; folder: string; closing: Closing; begun: () => void }

/** From the stores on, as the main function does it. */
async function work(parts: ServiceParts, run: Run, life: Life): Promise<void> {
  const { manifest, disk, nodes, dumpsOf } = parts
  const { log, signal, folder, closing } = life
  const { owner } = run
  const { open, broken } = watchStores(
    () => {},
    (name, onFailure) => disk.open(`${folder}${name}`, owner, onFailure),
  )
  const store = await openSequencerStore('messages', networkIdentity(manifest), open)
  closing.push(store.close)
  const network = await openNetwork({
    manifest,
    store,
    dumps: dumpsOf?.(owner),
    log,
    l1DurablePath: undefined,
    confirmations,
    reorgPolicyBlocks: parts.policy(),
    l1Nodes: connectAll(nodes.l1, { ...parts, owner, log }),
    l2Nodes: { client: connectTo(nodes.l2, { ...parts, owner }), standings: () => [] },
  })
  run.store = store
  const core = await openCore({
    network,
    keys,
    openStore: (role) => openOutboxStore(role, open),
    outboxPollMs: 1_500,
    relays: folder === '',
    replays: {
      // Those of a real node go to it themselves.
      l2: dumpsOf === undefined ? connectTo(nodes.l2, { ...parts, owner }) : frontOf(network),
      wereMade: disk.has(`${folder}replays`),
    },
    log,
    signal,
  })
  closing.push(() => closeCore(core))
  run.core = core
  life.begun()
  const readManifest = () => Promise.resolve(manifest)
  await runCore(core, { pollMs: 1_000, readManifest, broken })
}

function connectAll([first, ...others]: ServiceParts['nodes']['l1'], parts: WireParts & { log: Log }) {
  if (others.length === 0) return { client: connectTo(first, parts), standings: () => [] }
  const members = [first, ...others].map((node) => memberOf(node, parts))
  const { transport, standings } = openAgreement({ members, agree: 2, log: parts.log })
  return { client: createPublicClient({ transport, cacheTime: 0, pollingInterval: 100 }), standings }
}

/** After a node that answers nonsense at the start the supervisor starts the service again. A full disk has to be outlasted. */
function mayRestart(error: unknown): boolean {
  if (isDiskFull(error)) return false
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof BrokenPromiseError) return false
    if (cause instanceof ViemError) return true
    if (cause instanceof BaseError) return cause.retry
  }
  return false
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}

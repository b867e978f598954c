import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { safeJson } from '../../../chain/safeJson.ts'
import { PortInUseError } from '../../runtime/errors.ts'
import { RecordedBlocksNotProvenError, StateFolderError } from '../errors.ts'

/** Where a development network keeps everything. Deleting the folder deletes the network. */
export type StateFolder = ReturnType<typeof stateFolder>

export function stateFolder(root: string) {
  return {
    root,
    profile: join(root, 'profile.json'),
    keys: join(root, 'keys.json'),
    manifest: join(root, '901.json'),
    bootManifest: join(root, 'boot.json'),
    engine: join(root, 'engine'),
    logs: join(root, 'logs'),
    demo: join(root, 'demo'),
    /** Engine op-stack: what a stranger needs, and a replica made from it. */
    network: join(root, 'network'),
    replica: join(root, 'replica'),
    service: (name: string) => join(root, name),
  }
}

const profileSchema = z.object({
  version: z.literal(1),
  /** Unix time at which the first epoch begins. */
  clockStart: z.number().int(),
  engine: z.enum(['anvil', 'op-stack']).default('anvil'),
  /** Where a day's blocks come from. It decides the network in genesis, so it is fixed at the first start. */
  source: z.enum(['replay', 'simulator']),
  /** What settles a day: a quorum of signers, or the chain's own headers and coinbases, which only simulated blocks have. */
  class: z.enum(['attested', 'proven']).default('attested'),
  /** Seconds that one epoch, a day of the replayed history, lasts on this chain. */
  epochSeconds: z.number().int().positive(),
  disputeSeconds: z.number().int().nonnegative(),
  l1BlockSeconds: z.number().positive(),
  l2BlockSeconds: z.number().positive(),
  submissionIntervalBlocks: z.number().int().positive(),
  sequencingWindowBlocks: z.number().int().min(2),
  finalizationPeriodSeconds: z.number().int().positive(),
  timelockSeconds: z.number().int().positive(),
})

/** What was decided at the first start of this state folder. */
export type Profile = z.infer<typeof profileSchema>

export type FirstChoice = { engine?: Profile['engine']; source?: Profile['class']; blocks?: Blocks }
export type Blocks = 'recorded' | 'simulated'

/** The shortest times with which each engine runs well. */
const pace = {
  anvil: { l1BlockSeconds: 1, l2BlockSeconds: 1, sequencingWindowBlocks: 2, finalizationPeriodSeconds: 6 },
  'op-stack': {
    l1BlockSeconds: 2,
    l2BlockSeconds: 2,
    sequencingWindowBlocks: 12,
    finalizationPeriodSeconds: 49,
  },
} as const

/** What a first start decides: days proven from simulated blocks, or attested from recorded ones where there are any, short waiting times. */
export function firstProfile({ engine = 'anvil', source, blocks }: FirstChoice, data: string): Profile {
  if (source === 'proven' && blocks === 'recorded') throw new RecordedBlocksNotProvenError()
  const days = source ?? (blocks === 'recorded' ? 'attested' : 'proven')
  const isRecorded =
    blocks === 'recorded' || (blocks === undefined && days === 'attested' && existsSync(data))
  return {
    version: 1,
    engine,
    clockStart: Math.floor(Date.now() / 1_000),
    source: isRecorded ? 'replay' : 'simulator',
    class: days,
    // To prove a day takes four blocks in a row, and the other engine's come every two seconds.
    epochSeconds: engine === 'op-stack' && days === 'proven' ? 12 : 6,
    disputeSeconds: 1,
    submissionIntervalBlocks: 10,
    timelockSeconds: 60,
    ...pace[engine],
  }
}

/** A network stays what it was made as. */
export function refuseOtherChoice({ root }: StateFolder, profile: Profile, choice: FirstChoice): void {
  const made = {
    engine: profile.engine,
    source: profile.class,
    blocks: profile.source === 'replay' ? 'recorded' : 'simulated',
  }
  for (const name of ['engine', 'source', 'blocks'] as const) {
    if (choice[name] === undefined || choice[name] === made[name]) continue
    throw new StateFolderError(
      `${root} was made with ${name} ${made[name]}, not ${choice[name]}. Leave --${name} out, or choose another folder with --state.`,
    )
  }
}

/** Makes the folder, or refuses one that holds something else. */
export async function prepareStateFolder(folder: StateFolder): Promise<void> {
  await mkdir(folder.root, { recursive: true })
  const entries = (await readdir(folder.root)).filter((name) => name !== 'lock')
  if (entries.length > 0 && !existsSync(folder.profile)) {
    throw new StateFolderError(
      `The folder ${folder.root} holds ${entries.length} entries and no profile.json: it is not a Hashsand state folder. Choose an empty or new one with --state.`,
    )
  }
}

/** The stored profile, or the one given here, which is then stored for good. */
export async function loadProfile(folder: StateFolder, first: Profile): Promise<Profile> {
  if (!existsSync(folder.profile)) {
    await writeFile(`${folder.profile}.tmp`, `${JSON.stringify(first, null, 2)}\n`, { flush: true })
    await rename(`${folder.profile}.tmp`, folder.profile)
    return first
  }
  const text = await readFile(folder.profile, 'utf8')
  const result = profileSchema.safeParse(safeJson(text))
  if (!result.success) {
    throw new StateFolderError(
      `${folder.profile} is not usable:\n${z.prettifyError(result.error)}\nRestore the file, or start anew with hashsand devnet reset.`,
    )
  }
  return result.data
}

export type Ports = ReturnType<typeof portsFrom>

/** The ports of a development network: ports in a row would collide with other anvils, so each has its known place. */
export function portsFrom(basePort: number) {
  return {
    l1: basePort,
    l2: basePort + 1_000,
    l2Internal: basePort + 1_001,
    sequencer: basePort + 1_002,
    relayer: basePort + 1_003,
    api: basePort + 1_004,
    opNode: basePort + 1_005,
    watcher: basePort + 1_006,
    replicaL2: basePort + 1_010,
    replicaNode: basePort + 1_011,
    replicaEngine: basePort + 1_013,
  }
}

/** Fails before anything is started, naming the first port on which somebody else still listens when patience ends. */
export async function checkPortsFree(ports: Ports, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (const [purpose, port] of Object.entries(ports)) {
    while (!(await isFree(port))) {
      if (Date.now() >= deadline) throw new PortInUseError(port, purpose)
      await sleep(100)
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

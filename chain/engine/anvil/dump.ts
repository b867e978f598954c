import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { BlockNotFoundError, type Client, type Hash, type Hex } from 'viem'
import { getBlock } from 'viem/actions'
import { z } from 'zod'
import { safeJson } from '../../safeJson.ts'
import { syncFolder } from '../../syncFolder.ts'
import { CorruptedStateError, HeadMovedError, NothingToRepairError, StateNotSavedError } from '../errors.ts'
import { anvil } from './rpc.ts'

// A generation is one file, <sequence>.dump: a line of JSON about the state, then anvil's gzipped dump. A new one is
// written beside, synced, and renamed into place, so that at every moment the newest complete file is a whole state.

const ATTEMPTS = 3

const headerSchema = z.object({
  number: z.string().regex(/^\d+$/).transform(BigInt),
  hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  bytes: z.number().int(),
  sha256: z.string(),
})

export type SavedState = { path: string; number: bigint; hash: Hash }

export type DumpStore = {
  /** Makes the state of the node's head durable. Only the process that mines this node may call it. */
  save(client: Client): Promise<SavedState>
  /** The newest state, verified, or undefined when none was saved yet. Throws CorruptedStateError. */
  latest(): Promise<SavedState | undefined>
  /** Writes the newest state uncompressed to `path`, as `--load-state` wants it. */
  extract(path: string): Promise<SavedState>
  /** Puts newest files aside until the newest is whole and `fits`, and says which. */
  repair(fits?: (state: DumpedState) => boolean): Promise<{ state: SavedState; setAside: string[] }>
}

/** What is read of anvil's own format: storage by account and slot, in hex. */
export type DumpedState = { accounts: Record<string, { storage: Record<string, Hex> } | undefined> }

/** `generations`: how many states are kept. */
export function openDumpStore({ dir, generations = 2 }: { dir: string; generations?: number }): DumpStore {
  return {
    save: (client) => save({ dir, generations }, client),
    latest: async () => {
      const newest = filesOf(dir).at(-1)
      return newest === undefined ? undefined : (await readGeneration(newest)).state
    },
    extract: async (path) => {
      const newest = filesOf(dir).at(-1)
      if (newest === undefined) throw new NothingToRepairError(dir)
      const { state, dump } = await readGeneration(newest)
      await writeFile(path, await promisify(gunzip)(dump))
      return state
    },
    repair: (fits = () => true) => repair(dir, fits),
  }
}

/** Paths of all generations, oldest first. */
function filesOf(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => /^\d{12}\.dump$/.test(name))
    .sort()
    .map((name) => join(dir, name))
}

async function save(
  { dir, generations }: { dir: string; generations: number },
  client: Client,
): Promise<SavedState> {
  const { number, hash, dump } = await takeDump(client)
  const sha256 = createHash('sha256').update(dump).digest('hex')
  const header = JSON.stringify({ number: number.toString(), hash, bytes: dump.length, sha256 })

  const files = filesOf(dir)
  const path = join(dir, `${String(sequenceOf(files.at(-1)) + 1).padStart(12, '0')}.dump`)
  try {
    await mkdir(dir, { recursive: true })
    await replaceFile(path, Buffer.concat([Buffer.from(`${header}\n`), dump]))
  } catch (cause) {
    // A full disk must not be kept full by half a file.
    await rm(`${path}.tmp`, { force: true }).catch(() => {})
    throw new StateNotSavedError(path, cause)
  }
  for (const old of files.slice(0, Math.max(0, files.length + 1 - generations))) await rm(old)
  return { path, number, hash }
}

function sequenceOf(path: string | undefined): number {
  return path === undefined ? 0 : Number(/(\d{12})\.dump$/.exec(path)?.[1])
}

async function takeDump(client: Client): Promise<{ number: bigint; hash: Hash; dump: Uint8Array }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await headOf(client)
    const dump = await anvil(client, 'anvil_dumpState', [false])
    const after = await headOf(client)
    if (before !== undefined && before.hash === after?.hash) {
      // By the runtime: viem's own takes digit by digit, half of what the sequencer computed in all.
      return { number: before.number, hash: before.hash, dump: Buffer.from(dump.slice(2), 'hex') }
    }
  }
  throw new HeadMovedError(ATTEMPTS)
}

type Head = { number: bigint; hash: Hash }

/** Undefined while somebody takes blocks back: the node names a head then whose block it has no longer, or not yet. */
async function headOf(client: Client): Promise<Head | undefined> {
  try {
    const { number, hash } = await getBlock(client)
    return number === null || hash === null ? undefined : { number, hash }
  } catch (error) {
    if (error instanceof BlockNotFoundError) return undefined
    throw error
  }
}

async function readGeneration(path: string): Promise<{ state: SavedState; dump: Buffer }> {
  const content = await readFile(path)
  const end = content.indexOf('\n')
  const header = headerSchema.safeParse(safeJson(content.subarray(0, Math.max(end, 0)).toString()))
  if (!header.success)
    throw new CorruptedStateError(path, 'its first line is no header', 'JSON with a checksum')

  const { number, hash, bytes, sha256 } = header.data
  const dump = content.subarray(end + 1)
  if (dump.length !== bytes) throw new CorruptedStateError(path, `${dump.length} bytes`, `${bytes}`)
  const given = createHash('sha256').update(dump).digest('hex')
  if (given !== sha256) throw new CorruptedStateError(path, `checksum ${given}`, sha256)
  // Safe: the pattern of the schema.
  return { state: { path, number, hash: hash as Hash }, dump }
}

async function repair(
  dir: string,
  fits: (state: DumpedState) => boolean,
): Promise<{ state: SavedState; setAside: string[] }> {
  const unusable: string[] = []
  for (const path of filesOf(dir).reverse()) {
    const generation = await readGeneration(path).catch((error: unknown) => {
      if (error instanceof CorruptedStateError) return undefined
      throw error
    })
    if (generation === undefined || !fits(await parseDump(generation.dump))) {
      unusable.push(path)
      continue
    }
    for (const file of unusable) await rename(file, `${file}.aside`)
    await syncFolder(dir)
    return { state: generation.state, setAside: unusable.map((file) => `${file}.aside`) }
  }
  throw new NothingToRepairError(dir)
}

async function parseDump(dump: Buffer): Promise<DumpedState> {
  // Safe: the checksum says that this is what anvil wrote.
  return JSON.parse((await promisify(gunzip)(dump)).toString()) as DumpedState
}

/** Replaces a file so that after any crash it is the old one or the new one, whole. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.tmp`, content, { flush: true })
  await rename(`${path}.tmp`, path)
  await syncFolder(join(path, '..'))
}

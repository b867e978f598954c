import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256 } from 'viem'
import { z } from 'zod'
import { type Manifest, readManifest } from '../../manifest.ts'
import { replaceFile } from '../anvil/dump.ts'
import {
  NetworkFieldError,
  NetworkFileHashError,
  NetworkFileMissingError,
  NoReplicasError,
  OtherNetworkError,
  SeveralManifestsError,
} from './replicaErrors.ts'

// All that a stranger needs to have the L2 from L1 alone, as the operator publishes it: the manifest
// `<l2 chain id>.json` and what op-geth and op-node start from.

const names = {
  genesis: 'genesis.json',
  rollup: 'rollup.json',
  l1ChainConfig: 'l1-chain-config.json',
} as const

/** Paths of the three files. */
export type NetworkFiles = Record<keyof typeof names, string>
/** A network whose files belong together, as far as that can be said without op-geth. */
export type NetworkFolder = NetworkFiles & { manifest: Manifest; opStack: NonNullable<Manifest['opStack']> }

/**
 * Writes the folder whole, or not at all. Where it is there already, each file is replaced whole and the manifest last:
 * who reads in between is refused.
 */
export async function writeNetworkFolder(
  dir: string,
  { manifest, files }: { manifest: Manifest; files: NetworkFiles },
): Promise<void> {
  if (existsSync(dir)) {
    await assertSameNetwork(dir, manifest)
    await writeFiles(dir, manifest, files)
    await readNetworkFolder(dir)
    return
  }
  await mkdir(dirname(dir), { recursive: true })
  await removeUnfinished(dir)
  const unfinished = `${dir}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(unfinished)
    await writeFiles(unfinished, manifest, files)
    await readNetworkFolder(unfinished)
    await rename(unfinished, dir)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
}

async function writeFiles(dir: string, manifest: Manifest, files: NetworkFiles): Promise<void> {
  for (const key of ['genesis', 'rollup', 'l1ChainConfig'] as const) {
    const content = await readFile(files[key])
    const path = join(dir, names[key])
    if (existsSync(path) && content.equals(await readFile(path))) continue
    await replaceFile(path, content)
  }
  await replaceFile(join(dir, `${manifest.l2.chainId}.json`), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** What a write that was killed left beside `dir`. */
async function removeUnfinished(dir: string): Promise<void> {
  const pattern = new RegExp(`^${basename(dir).replace(/[^\w-]/g, '\\$&')}\\.[0-9a-f]{8}\\.tmp$`)
  for (const entry of await readdir(dirname(dir)))
    if (pattern.test(entry)) await rm(join(dirname(dir), entry), { recursive: true })
}

/**
 * Reads the folder and refuses one whose files do not belong together, each with an error of its own. Whether
 * genesis.json makes the manifest's block 0 is op-geth's to say.
 */
export async function readNetworkFolder(dir: string): Promise<NetworkFolder> {
  const manifest = await manifestIn(dir)
  const files = {
    genesis: join(dir, names.genesis),
    rollup: join(dir, names.rollup),
    l1ChainConfig: join(dir, names.l1ChainConfig),
  }
  const { opStack } = manifest
  if (manifest.engine !== 'op-stack' || opStack === undefined)
    throw new NoReplicasError(
      manifest.name,
      manifest.engine === 'op-stack' ? 'op-stack, but without opStack in its manifest' : manifest.engine,
    )
  const [genesis, rollup, l1ChainConfig] = [
    await contentOf(dir, names.genesis),
    await contentOf(dir, names.rollup),
    await contentOf(dir, names.l1ChainConfig),
  ]
  checkHash(files.rollup, rollup, opStack.rollupFileHash)
  checkHash(files.l1ChainConfig, l1ChainConfig, opStack.l1ChainConfigHash)
  checkRollup(files.rollup, rollup, manifest)
  checkFields(files.l1ChainConfig, { chainId: [read(l1ChainConfig, 'chainId'), manifest.l1.chainId] })
  checkFields(files.genesis, { 'config.chainId': [read(genesis, 'config.chainId'), manifest.l2.chainId] })
  return { manifest, opStack, ...files }
}

async function manifestIn(dir: string): Promise<Manifest> {
  const entries = await readdir(dir).catch((cause: unknown) => {
    throw new NetworkFileMissingError(dir, 'files', cause)
  })
  const [name, ...others] = entries.filter((entry) => /^\d+\.json$/.test(entry))
  if (name === undefined) throw new NetworkFileMissingError(dir, 'manifest')
  if (others.length > 0) throw new SeveralManifestsError(dir, [name, ...others])
  const path = join(dir, name)
  const manifest = await readManifest(path)
  if (name !== `${manifest.l2.chainId}.json`)
    throw new NetworkFieldError(path, 'the L2 chain id in its name', name, `${manifest.l2.chainId}`)
  return manifest
}

function contentOf(dir: string, name: string): Promise<Buffer> {
  return readFile(join(dir, name)).catch((cause: unknown) => {
    throw new NetworkFileMissingError(dir, name, cause)
  })
}

function checkHash(path: string, content: Buffer, expected: string): void {
  const given = sha256(content)
  if (given !== expected) throw new NetworkFileHashError(path, given, expected)
}

/** The manifest may have been made for it and still name another chain. */
function checkRollup(path: string, content: Buffer, { l1, l2, bridge }: Manifest): void {
  checkFields(path, {
    l1_chain_id: [read(content, 'l1_chain_id'), l1.chainId],
    l2_chain_id: [read(content, 'l2_chain_id'), l2.chainId],
    'genesis.l1.number': [read(content, 'genesis.l1.number'), l1.startBlock.number],
    'genesis.l1.hash': [read(content, 'genesis.l1.hash'), l1.startBlock.hash],
    'genesis.l2.number': [read(content, 'genesis.l2.number'), 0],
    'genesis.l2.hash': [read(content, 'genesis.l2.hash'), l2.genesisHash],
    deposit_contract_address: [read(content, 'deposit_contract_address'), l1.contracts.OptimismPortal],
    l1_system_config_address: [read(content, 'l1_system_config_address'), l1.contracts.SystemConfig],
    block_time: [read(content, 'block_time'), l2.blockTimeSeconds],
    seq_window_size: [read(content, 'seq_window_size'), bridge.sequencingWindowBlocks],
  })
}

/** Each field: what the file says, what the manifest says. Addresses are compared without the case of their letters. */
function checkFields(path: string, fields: Record<string, readonly [string, string | number]>): void {
  for (const [field, [given, expected]] of Object.entries(fields))
    if (given.toLowerCase() !== String(expected).toLowerCase())
      throw new NetworkFieldError(path, field, given, String(expected))
}

const anObject = z.record(z.string(), z.unknown())

/** What stands at a dotted path of a JSON file, as text. */
function read(content: Buffer, field: string): string {
  const found = field
    .split('.')
    .reduce((value: unknown, key) => anObject.safeParse(value).data?.[key], parse(content))
  return found === undefined ? 'nothing' : String(found)
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch {
    return undefined
  }
}

/** Throws OtherNetworkError where `dir` holds another network than that of `manifest`, or other rules to derive it by. */
export async function assertSameNetwork(dir: string, manifest: Manifest): Promise<void> {
  const known = await manifestIn(dir)
  const facts = ({ l1, l2, opStack }: Manifest) => ({
    'L2 chain id': l2.chainId,
    'L1 chain id': l1.chainId,
    'L2 genesis hash': l2.genesisHash,
    'L1 start block': l1.startBlock.hash,
    'SHA-256 of rollup.json': opStack?.rollupFileHash ?? 'none',
  })
  const [given, expected] = [Object.entries(facts(known)), Object.entries(facts(manifest))]
  for (const [index, [what, value]] of given.entries()) {
    const other = expected[index]?.[1]
    if (value !== other) throw new OtherNetworkError(dir, what, String(value), String(other))
  }
}

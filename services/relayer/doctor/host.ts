import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { rewardIndex } from '../../../chain/generated/abi.ts'
import type { BlockSource } from '../../../oracle/sources/blockSource.ts'
import type { NetworkView } from '../chain.ts'
import type { RelayerConfig } from '../config.ts'
import { createSource } from '../source.ts'
import { type Finding, fail, ok, type Patient, warn } from './finding.ts'

const leastFreeBytes = 1_000_000_000
const slowSyncMs = 500

/** A signature leaves only after its report is on disk: a disk that can not be written, or synced, stops the node. */
export async function checkDisk({ HASHSAND_STATE_DIR: folder }: RelayerConfig): Promise<Finding[]> {
  const probe = join(folder, `doctor-${process.pid}`)
  const started = performance.now()
  try {
    await mkdir(folder, { recursive: true })
    const file = await open(probe, 'wx')
    await file.write('a')
    await file.sync()
    await file.close()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [
      fail('disk', `${folder} can not be written: ${reason}`, 'Give this user the right to it, or room.'),
    ]
  } finally {
    await rm(probe, { force: true })
  }
  const tookMs = Math.round(performance.now() - started)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const detail = `${folder}: ${(free / 1e9).toFixed(1)} GB free, synced in ${tookMs} ms`
  if (free < leastFreeBytes) return [warn('disk', detail, 'Make room: at 0 the node stops signing.')]
  return [tookMs > slowSyncMs ? warn('disk', detail, 'Use a disk that syncs faster.') : ok('disk', detail)]
}

/** A key without its journal can be made to sign twice. */
export async function checkJournal({ config, account }: Patient): Promise<Finding[]> {
  const folder = config.HASHSAND_STATE_DIR
  const name = `journal-${account.address.toLowerCase()}`
  if (existsSync(join(folder, name))) return [ok('journal', `${name} is there`)]
  const others = (await readdir(folder).catch(() => [])).filter((entry) => entry.startsWith('journal-'))
  const detail = others.length === 0 ? 'none yet' : `none of this key, but ${others.join(', ')}`
  return [
    warn(
      'journal',
      detail,
      'If this key ever signed elsewhere, bring its journal here before it signs again.',
    ),
  ]
}

export async function checkListening({ config }: Patient): Promise<Finding[]> {
  const { HASHSAND_PEER_HOST: host, HASHSAND_PEER_PORT: port, HASHSAND_PEERS: peers } = config
  const isLocal = host === '127.0.0.1' || host === 'localhost' || host === '::1'
  const where = `peers reach this node at ${host}:${port}`
  if (!isLocal || peers === undefined) return [ok('listening', where)]
  return [warn('listening', where, 'Right behind a proxy on this machine; otherwise set HASHSAND_PEER_HOST.')]
}

/** Whether the source lives, and shows the block with which the last attested day ended. */
export async function checkSource(patient: Patient, view: NetworkView): Promise<Finding[]> {
  const { config, network, signal } = patient
  const kind = config.HASHSAND_SOURCE ?? network.source
  const source = createSource(kind, {
    config,
    checkpoints: { before: async () => undefined, save: async () => {} },
    signal,
  })
  const tip = await source.tip()
  const alive = ok('source', `${kind}, ${tip === undefined ? 'without an end' : `up to block ${tip.height}`}`)
  return [alive, ...(await checkBlock(patient, view, source))]
}

async function checkBlock(
  { config, client, network }: Patient,
  { lastAttestedDay: day }: NetworkView,
  source: BlockSource,
): Promise<Finding[]> {
  if (day === undefined) return [ok('bitcoin', 'no day is attested yet to compare with')]
  const events = await client.getContractEvents({
    ...{ address: config.HASHSAND_REWARD_INDEX, abi: rewardIndex.abi, eventName: 'DayAttested' },
    ...{ args: { network: network.id, day }, fromBlock: 0n, strict: true },
  })
  const report = events.at(-1)?.args.report
  if (report === undefined)
    return [warn('bitcoin', `no event of day ${day} was found`, 'Ask an L2 node that keeps logs.')]
  for await (const block of source.blocks(report.lastHeight - 1)) {
    if (block.height === report.lastHeight && block.hash === report.lastBlockHash) {
      return [ok('bitcoin', `block ${block.height} is the one that the others know`)]
    }
    const detail = `block ${report.lastHeight} is ${block.hash} here, ${report.lastBlockHash} in the report of day ${day}`
    return [fail('bitcoin', detail, 'Find out which chain is right before this node signs.')]
  }
  const detail = `the source does not reach block ${report.lastHeight}, where day ${day} ended`
  return [warn('bitcoin', detail, 'Wait until it is level; a day that it has not closed is not signed.')]
}

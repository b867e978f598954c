import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address } from 'viem'
import { getBalance, getBlock, getTransactionCount } from 'viem/actions'
import { opNode, rpc } from './rpc.ts'

/** A block by its number and its time in seconds. */
export type HeadVitals = { number: number; timestamp: number }

/** A key that sends to L1. */
export type SenderVitals = {
  balanceWei: bigint
  /** Its transactions in blocks, and with those that wait in L1's pool. */
  nonce: { latest: number; pending: number }
}

/** How the four programs are, from outside of them. */
export type Vitals = {
  heads: Record<'l1' | 'unsafe' | 'safe' | 'finalized', HeadVitals>
  /** How far the L1 block in which the newest safe L2 block has its origin is behind L1: what has to stay below the sequencing window. */
  safeOriginLagBlocks: number
  senders: Record<'batcher' | 'proposer', SenderVitals>
  /** Of op-geth's folder, which only grows, and what is left beside it. */
  disk: { usedBytes: number; freeBytes: number }
}

export type VitalsParameters = {
  l1RpcUrl: string
  nodeRpcUrl: string
  addresses: Record<keyof Vitals['senders'], Address>
  /** Op-geth's. */
  folder: string
}

/** Looks once. Rejects with viem's error where L1 or op-node does not answer, with that of the file system where the folder is not there. */
export async function readVitals(parameters: VitalsParameters): Promise<Vitals> {
  const { l1RpcUrl, nodeRpcUrl, addresses, folder } = parameters
  const [l1, status, batcher, proposer, disk] = await Promise.all([
    getBlock(rpc(l1RpcUrl)),
    opNode(rpc(nodeRpcUrl), 'optimism_syncStatus', []),
    readSender(l1RpcUrl, addresses.batcher),
    readSender(l1RpcUrl, addresses.proposer),
    readDisk(folder),
  ])
  const head = ({ number, timestamp }: HeadVitals): HeadVitals => ({ number, timestamp })
  const { unsafe_l2, safe_l2, finalized_l2 } = status
  return {
    heads: {
      l1: { number: Number(l1.number), timestamp: Number(l1.timestamp) },
      unsafe: head(unsafe_l2),
      safe: head(safe_l2),
      finalized: head(finalized_l2),
    },
    safeOriginLagBlocks: Math.max(0, Number(l1.number) - safe_l2.l1origin.number),
    senders: { batcher, proposer },
    disk,
  }
}

async function readSender(l1RpcUrl: string, address: Address): Promise<SenderVitals> {
  const l1 = rpc(l1RpcUrl)
  const [balanceWei, latest, pending] = await Promise.all([
    getBalance(l1, { address }),
    getTransactionCount(l1, { address, blockTag: 'latest' }),
    getTransactionCount(l1, { address, blockTag: 'pending' }),
  ])
  return { balanceWei, nonce: { latest, pending } }
}

async function readDisk(folder: string): Promise<Vitals['disk']> {
  const [usedBytes, { bavail, bsize }] = await Promise.all([bytesIn(folder), statfs(folder)])
  return { usedBytes, freeBytes: bavail * bsize }
}

/** What the files of a folder take on disk. LevelDB puts files together all the time: one that is gone meanwhile counts for nothing. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  let bytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += file === undefined ? 0 : file.blocks * STAT_BLOCK_BYTES
  }
  return bytes
}

/** The unit of `blocks` in POSIX's `stat`, whatever the file system's own is. */
const STAT_BLOCK_BYTES = 512

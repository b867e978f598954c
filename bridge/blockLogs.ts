import { type Address, type Hash, type Hex, isAddressEqual, type PublicClient } from 'viem'
import { bloomTest } from './bloom.ts'
import type { MinedLog } from './deposit.ts'
import { type BlockReceipt, type ReceiptsHeader, receiptsOfBlock } from './receipts.ts'

/** A block whose logs are wanted, as viem gives it. */
export type LoggingBlock = ReceiptsHeader & { logsBloom: Hex }

export type LogFilter = {
  address: Address
  /** The event. */
  topic: Hash
  /** What its first argument may be; anything when absent. */
  subjects?: readonly Hash[]
}

/**
 * The logs of one block that a filter asks for, in order. Nodes answer `eth_getLogs` with logs missing, most of all near their head, and say nothing
 * of it. So the header's bloom is believed where it admits none and the node shows none; whatever else is taken from the block's
 * receipts, which hash to the header's root. Throws ReceiptsMismatchError.
 */
export async function logsOfBlock(
  client: PublicClient,
  block: LoggingBlock,
  filter: LogFilter,
): Promise<MinedLog[]> {
  const isQuiet = !admits(filter)(block.logsBloom) && !(await showsLogs(client, block, filter))
  if (isQuiet) return []
  const receipts = await receiptsOfBlock(client, block)
  return logsWithin(receipts, block).filter((log) => isAskedFor(log, filter))
}

/** Answers of header blooms whether their blocks may have logs that the filter asks for. */
export function admits({ address, topic, subjects }: LogFilter): (bloom: Hex) => boolean {
  const event = bloomTest([address, topic])
  const ofSubjects = subjects?.map((subject) => bloomTest([subject]))
  return (bloom) => event(bloom) && (ofSubjects?.some((subject) => subject(bloom)) ?? true)
}

async function showsLogs(
  client: PublicClient,
  { hash: blockHash }: LoggingBlock,
  { address, topic, subjects }: LogFilter,
): Promise<boolean> {
  const topics = [topic, subjects === undefined ? null : [...subjects]]
  const logs = await client.request({ method: 'eth_getLogs', params: [{ address, blockHash, topics }] })
  return logs.length > 0
}

function isAskedFor({ address, topics }: MinedLog, filter: LogFilter): boolean {
  const [topic, subject] = topics
  if (topic !== filter.topic || !isAddressEqual(address, filter.address)) return false
  return filter.subjects === undefined || (subject !== undefined && filter.subjects.includes(subject))
}

/** Where a log stands follows from the order of the receipts: what the node says of its place is no part of what the root stands for. */
function logsWithin(receipts: readonly BlockReceipt[], { number, hash }: LoggingBlock): MinedLog[] {
  let logIndex = 0
  return receipts.flatMap(({ transactionHash, logs }, transactionIndex) =>
    logs.map(({ address, topics, data }): MinedLog => {
      const place = { blockNumber: number, blockHash: hash, transactionHash, transactionIndex }
      // Safe: viem's type for topics says that there may be none.
      return {
        address,
        topics: topics as MinedLog['topics'],
        data,
        ...place,
        logIndex: logIndex++,
        removed: false,
      }
    }),
  )
}

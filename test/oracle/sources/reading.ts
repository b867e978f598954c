import assert from 'node:assert/strict'
import { BaseError } from '../../../chain/errors.ts'
import type { BlockProof } from '../../../oracle/proofs/blockProof.ts'

export async function collect<Item>(items: AsyncIterable<Item> | Iterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** What a source must find out of a block, comparable. */
export function facts(block: BlockProof | undefined) {
  assert.ok(block !== undefined)
  const { height, hash, time, medianTime, subsidy, fees, target, header, coinbase, branch } = block
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const proof = { header: hex(header), coinbase: hex(coinbase), branch: branch.map(hex) }
  return { height, hash, time, medianTime, subsidy, fees, target, ...proof }
}

/** Whether it is a failure that the project expects. */
export function isExpected(error: unknown): error is BaseError {
  return error instanceof BaseError
}

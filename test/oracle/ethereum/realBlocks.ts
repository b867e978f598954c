import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address, Hash, Hex } from 'viem'
import { dataFolder, recorded } from '../recorded.ts'

export type RealBlock = {
  blockNumber: string
  blockHash: Hash
  headerRlp: Hex
  feeRecipient: Address
  baseFeePerGas: string
  gasUsed: string
  timestamp: string
  baseFeeBurnedWei: string
  transactionsRoot: Hash
  txCount: number
  lastTx: { index: number; raw: Hex; from: Address; valueWei: string; proof: Hex[] }
}

const files = ['eth_block_18189758.json', 'eth_block_19431837.json'] as const

export function needBlocks(context: Mocha.Context): void {
  if (files.every((file) => existsSync(join(dataFolder, file)))) return
  process.stdout.write(`    no recorded blocks in ${dataFolder}: set HASHSAND_DATA to run this\n`)
  context.skip()
}

export function realBlocks(): RealBlock[] {
  return files.map((file) => JSON.parse(recorded(file).toString('utf8')) as RealBlock)
}

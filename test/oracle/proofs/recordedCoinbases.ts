import type { Hash } from 'viem'
import { mainnet } from '../../../oracle/bitcoinChain.ts'
import { recorded } from '../recorded.ts'

export type RecordedCoinbase = {
  height: number
  blockHash: string
  header: Hash
  timestamp: number
  coinbaseRaw: Hash
  coinbaseNoWitness: Hash
  subsidy: number
  fees: number
  merkleBranch: Hash
}

export const bytesOf = (hex: string) => Buffer.from(hex.replace(/^0x/, ''), 'hex')

export function recordedCoinbases(): RecordedCoinbase[] {
  return JSON.parse(recorded('btc_coinbase_proofs.json').toString('utf8'))
}

export function parametersOf({ height, header, coinbaseRaw, merkleBranch }: RecordedCoinbase) {
  const nodes = bytesOf(merkleBranch)
  const branch = Array.from({ length: nodes.length / 32 }, (_, at) => nodes.subarray(at * 32, at * 32 + 32))
  return {
    chain: mainnet,
    ...{ height, header: bytesOf(header), coinbase: bytesOf(coinbaseRaw), branch },
    previousTimes: [],
  }
}

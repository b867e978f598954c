import { type Hex, keccak256, toRlp } from 'viem'
import { toRlpInteger } from '../../chain/rlpInteger.ts'
import type { EthereumHeader } from './block.ts'
import { EthereumDescentError, EthereumHashError } from './errors.ts'

/** EthereumRelay follows no more headers than these in one call. */
export const MAX_DESCENT = 64

/** RLP of the header, whose hash is the block's. */
export function encodeHeader(header: EthereumHeader): Hex {
  const encoded = toRlp([
    header.parentHash,
    header.sha3Uncles,
    header.miner,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    toRlpInteger(header.difficulty),
    toRlpInteger(header.number),
    toRlpInteger(header.gasLimit),
    toRlpInteger(header.gasUsed),
    toRlpInteger(header.timestamp),
    header.extraData,
    header.mixHash,
    header.nonce,
    toRlpInteger(header.baseFeePerGas),
    ...sinceLondon(header),
  ])
  const hash = keccak256(encoded)
  if (hash !== header.hash.toLowerCase()) throw new EthereumHashError('header', hash, header.hash)
  return encoded
}

/** Fields that forks added, each with all before it. */
function sinceLondon(header: EthereumHeader): Hex[] {
  const fields = [
    header.withdrawalsRoot,
    header.blobGasUsed === undefined ? undefined : toRlpInteger(header.blobGasUsed),
    header.excessBlobGas === undefined ? undefined : toRlpInteger(header.excessBlobGas),
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ]
  return fields.filter((field) => field !== undefined)
}

export type EthereumDescent = { recorded: bigint; headers: Hex[] }

/** From the recorded block down to the one that is meant, for EthereumRelay. */
export function encodeDescent(headers: readonly EthereumHeader[]): EthereumDescent {
  const [recorded] = headers
  if (recorded === undefined) throw new EthereumDescentError(0, 'is missing')
  if (headers.length > MAX_DESCENT) throw new EthereumDescentError(MAX_DESCENT, 'is one too many')
  headers.forEach((header, position) => {
    const child = headers[position - 1]
    if (child !== undefined && child.parentHash.toLowerCase() !== header.hash.toLowerCase()) {
      throw new EthereumDescentError(position, `is not the parent of the one before it, ${child.hash}`)
    }
  })
  return { recorded: BigInt(recorded.number), headers: headers.map(encodeHeader) }
}

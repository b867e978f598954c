import assert from 'node:assert/strict'
import {
  type Address,
  ContractFunctionRevertedError,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hash,
  type Hex,
  type TransactionReceipt,
  toHex,
  BaseError as ViemError,
} from 'viem'
import { call, readContract, sendTransaction, simulateContract, waitForTransactionReceipt } from 'viem/actions'
import { loadArtifact } from '../../chain/artifacts.ts'
import { bitcoinRelay } from '../../chain/generated/abi.ts'
import { headerHash, parseHeader } from '../../oracle/header.ts'
import { medianTimePast, medianTimeSpan } from '../../oracle/medianTime.ts'
import { clientOf, type TestNode } from '../chain/fixture.ts'

/** What the tests of the relay on real data share: a relay on a local node, batches cut by day, typed reverts. */

export const chainId = 900
const maxBatch = 252
export const mainnetLimit = 0x1d00_ffff

export type Genesis = {
  hash: Hash
  height: number
  chainwork: bigint
  bits: number
  epochStart: number
  times: readonly number[]
}

export type RelayParameters = {
  genesis: Genesis
  powLimitBits?: number
  noRetarget?: boolean
  firstDay?: number
}

export type Relay = Awaited<ReturnType<typeof deployRelay>>

/** A relay, and a recorder in place of the reward index. */
export async function deployRelay(node: TestNode, parameters: RelayParameters) {
  const client = clientOf(node.rpcUrl, chainId)
  const recorderArtifact = loadArtifact('hashsand', 'ProvenDaysRecorder')
  const recorder = await deploy(node, recorderArtifact.bytecode)
  const { genesis, powLimitBits = mainnetLimit, noRetarget = false } = parameters
  const genesisDay = Math.floor(medianTimePast(genesis.times) / 86_400)
  const address = await deploy(
    node,
    encodeDeployData({
      ...bitcoinRelay,
      args: [
        {
          rewardIndex: recorder,
          network: 1,
          firstDay: parameters.firstDay ?? genesisDay + 1,
          powLimitBits,
          noRetarget,
          halvingInterval: 210_000,
          genesis: { ...genesis, times: elevenOf(genesis.times) },
        },
      ],
    }),
  )
  const contract = { address, abi: bitcoinRelay.abi } as const
  return {
    address,
    /** Sends and waits; throws the contract's typed error when it would revert. */
    addHeaders: async (parent: Hash, headers: Hex) => {
      const args = [parent, headers] as const
      await simulateContract(client, { ...contract, functionName: 'addHeaders', args })
      return send(node, address, encodeFunctionData({ ...contract, functionName: 'addHeaders', args }))
    },
    tryHeaders: (parent: Hash, headers: Hex) =>
      simulateContract(client, { ...contract, functionName: 'addHeaders', args: [parent, headers] }),
    prove: async (args: ProveArguments) => {
      await simulateContract(client, { ...contract, functionName: 'proveCoinbases', args })
      return send(node, address, encodeFunctionData({ ...contract, functionName: 'proveCoinbases', args }))
    },
    tryProve: (args: ProveArguments) =>
      simulateContract(client, { ...contract, functionName: 'proveCoinbases', args }),
    closeDay: async (day: number, last: Hash, medianFee: bigint) => {
      const args = [day, last, medianFee] as const
      await simulateContract(client, { ...contract, functionName: 'closeDay', args })
      return send(node, address, encodeFunctionData({ ...contract, functionName: 'closeDay', args }))
    },
    best: () => readContract(client, { ...contract, functionName: 'best' }),
    checkpointOf: (hash: Hash) =>
      readContract(client, { ...contract, functionName: 'checkpointOf', args: [hash] }),
    accumulatorOf: (hash: Hash, medianFee: bigint, previous: bigint) =>
      readContract(client, { ...contract, functionName: 'accumulatorOf', args: [hash, medianFee, previous] }),
    written: async () => {
      const { abi } = recorderArtifact
      const { data } = await call(client, {
        to: recorder,
        data: encodeFunctionData({ abi, functionName: 'written' }),
      })
      return decodeFunctionResult({ abi, functionName: 'written', data: data ?? '0x' })
    },
  }
}

export type ProveArguments = readonly [
  checkpoint: Hash,
  group: bigint,
  medianFee: bigint,
  previousMedianFee: bigint,
  otherGroupHashes: readonly Hash[],
  proofs: Hex,
]

/** For `assert.rejects`: the call reverted with this error of the contract. */
export function reverts(errorName: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ViemError, String(error))
    const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
    assert.ok(revert instanceof ContractFunctionRevertedError, error.message)
    assert.equal(revert.data?.errorName, errorName)
    return true
  }
}

/** Headers of 80 bytes, one after the other. */
export function headersIn(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 80 }, (_, index) => bytes.subarray(index * 80, index * 80 + 80))
}

/** The relay's form: without the hash of the block before. */
export function compact(headers: readonly Uint8Array[]): Hex {
  return toHex(Buffer.concat(headers.flatMap((header) => [header.subarray(0, 4), header.subarray(36)])))
}

/** Cuts headers where the day of their median time changes. `times` are the eleven before the first. */
export function cutByDay(times: readonly number[], headers: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = []
  let window = [...times]
  let today = -1
  for (const header of headers) {
    window = [...window, parseHeader(header).time].slice(-medianTimeSpan)
    const day = Math.floor(medianTimePast(window) / 86_400)
    const batch = batches.at(-1)
    if (batch === undefined || day !== today || batch.length === maxBatch) batches.push([header])
    else batch.push(header)
    today = day
  }
  return batches
}

/** Relays all of `headers` in batches; answers with the receipts. */
export async function relayAll(
  relay: Relay,
  parent: Hash,
  batches: readonly Uint8Array[][],
): Promise<TransactionReceipt[]> {
  const receipts: TransactionReceipt[] = []
  let below = parent
  for (const batch of batches) {
    receipts.push(await relay.addHeaders(below, compact(batch)))
    below = lastHash(batch)
  }
  return receipts
}

export function lastHash(batch: readonly Uint8Array[]): Hash {
  const last = batch.at(-1)
  assert.ok(last)
  return headerHash(last)
}

export function proofOf(coinbase: Uint8Array, branch: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeUIntBE(coinbase.length, 0, 3)
  head[3] = branch.length / 32
  return Buffer.concat([head, coinbase, branch])
}

type Eleven = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

function elevenOf(times: readonly number[]): Eleven {
  assert.equal(times.length, medianTimeSpan)
  // Safe because it was counted in the line above.
  return times as unknown as Eleven
}

async function deploy(node: TestNode, data: Hex): Promise<Address> {
  const client = clientOf(node.rpcUrl, chainId)
  const hash = await sendTransaction(client, { data, gas: 15_000_000n })
  const { status, contractAddress } = await waitForTransactionReceipt(client, { hash })
  assert.equal(status, 'success')
  assert.ok(contractAddress)
  return contractAddress
}

async function send(node: TestNode, to: Address, data: Hex): Promise<TransactionReceipt> {
  const client = clientOf(node.rpcUrl, chainId)
  const hash = await sendTransaction(client, { to, data, gas: 15_000_000n })
  const receipt = await waitForTransactionReceipt(client, { hash })
  assert.equal(receipt.status, 'success')
  return receipt
}

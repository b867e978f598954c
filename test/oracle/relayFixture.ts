import assert from 'node:assert/strict'
import {
  type Address,
  ContractFunctionRevertedError,
  encodeDeployData,
  encodeFunctionData,
  type Hash,
  type Hex,
  keccak256,
  parseEther,
  type TransactionReceipt,
  toHex,
  BaseError as ViemError,
  WaitForTransactionReceiptTimeoutError,
} from 'viem'
import { readContract, sendTransaction, simulateContract, waitForTransactionReceipt } from 'viem/actions'
import { loadArtifact } from '../../chain/artifacts.ts'
import { anvil } from '../../chain/engine/anvil/rpc.ts'
import { bitcoinRelay } from '../../chain/generated/abi.ts'
import { headerHash, parseHeader } from '../../oracle/header.ts'
import { medianTimePast, medianTimeSpan } from '../../oracle/medianTime.ts'
import { clientOf, deployer, startTestNode, type TestNode } from '../chain/fixture.ts'

/** What the tests of the relay on real data share: a relay on a local node, batches cut by day, typed reverts. */

export const chainId = 900
export const maxBatch = 252
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

/** A node with the calldata floor of EIP-7623, and a deployer who can pay for days. */
export async function startRelayNode(): Promise<TestNode> {
  const node = await startTestNode(chainId, ['--hardfork', 'osaka'])
  await anvil(clientOf(node.rpcUrl, chainId), 'anvil_setBalance', [
    deployer.address,
    toHex(parseEther('1000')),
  ])
  return node
}

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
          maxSecondsAhead: 7_200,
          genesis: { ...genesis, times: elevenOf(genesis.times) },
        },
      ],
    }),
  )
  const contract = { address, abi: bitcoinRelay.abi } as const

  /** Sends and waits. What reverts is called once more, for the contract's typed error. */
  async function sendOrThrow(...[functionName, args]: RelayCall): Promise<TransactionReceipt> {
    // Safe because name and arguments come in pairs; viem's type of a union of calls does not show it.
    const request = { ...contract, functionName, args } as Parameters<typeof encodeFunctionData>[0]
    const hash = await sendTransaction(client, {
      to: address,
      data: encodeFunctionData(request),
      gas: 15_000_000n,
    })
    const receipt = await receiptOf(client, hash)
    if (receipt.status === 'reverted') {
      await simulateContract(client, { ...contract, functionName, args } as Parameters<
        typeof simulateContract
      >[1])
    }
    assert.equal(receipt.status, 'success')
    return receipt
  }

  return {
    address,
    addHeaders: (parent: Hash, headers: Hex) => sendOrThrow('addHeaders', [parent, headers]),
    tryHeaders: (parent: Hash, headers: Hex) =>
      simulateContract(client, { ...contract, functionName: 'addHeaders', args: [parent, headers] }),
    prove: (args: ProveArguments) => sendOrThrow('proveCoinbases', args),
    tryProve: (args: ProveArguments) =>
      simulateContract(client, { ...contract, functionName: 'proveCoinbases', args }),
    closeDay: (day: number, last: Hash, medianFee: bigint) => sendOrThrow('closeDay', [day, last, medianFee]),
    best: () => readContract(client, { ...contract, functionName: 'best' }),
    checkpointOf: (hash: Hash) =>
      readContract(client, { ...contract, functionName: 'checkpointOf', args: [hash] }),
    accumulatorOf: (hash: Hash, medianFee: bigint, previous: bigint) =>
      readContract(client, { ...contract, functionName: 'accumulatorOf', args: [hash, medianFee, previous] }),
    /** What the recorder was given, oldest first. */
    written: async (): Promise<Written[]> => {
      const { abi } = recorderArtifact
      // Safe because a recorder answers in this shape; a loaded ABI has no types.
      return (await readContract(client, { address: recorder, abi, functionName: 'written' })) as Written[]
    },
  }
}

/** A node that mines at once leaves a transaction lying now and then; it is asked for a block then. */
async function receiptOf(client: ReturnType<typeof clientOf>, hash: Hash): Promise<TransactionReceipt> {
  const prompt = waitForTransactionReceipt(client, { hash, timeout: 5_000 })
  return prompt.catch(async (error: unknown) => {
    if (!(error instanceof WaitForTransactionReceiptTimeoutError)) throw error
    await anvil(client, 'evm_mine', [])
    return waitForTransactionReceipt(client, { hash })
  })
}

export type Written = {
  day: number
  empty: boolean
  totals: {
    lastHeight: number
    lastBlockHash: Hash
    work: bigint
    subsidy: bigint
    fees: bigint
    cappedFees: bigint
    medianFee: bigint
  }
}

type RelayCall =
  | ['addHeaders', readonly [parent: Hash, headers: Hex]]
  | ['proveCoinbases', ProveArguments]
  | ['closeDay', readonly [day: number, last: Hash, medianFee: bigint]]

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

/** Per group of twelve blocks, keccak256 of their Merkle roots. */
export function groupHashesOf(batch: readonly Uint8Array[]): Hash[] {
  return groupsOf(batch).map((group) =>
    keccak256(Buffer.concat(group.map((header) => header.subarray(36, 68)))),
  )
}

export function groupsOf<Item>(batch: readonly Item[]): Item[][] {
  const size = 12
  const groups = Math.ceil(batch.length / size)
  return Array.from({ length: groups }, (_, index) => batch.slice(index * size, index * size + size))
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

/** Sends what creates a contract; answers with its address. */
export async function deploy(node: TestNode, data: Hex): Promise<Address> {
  const client = clientOf(node.rpcUrl, chainId)
  const hash = await sendTransaction(client, { data, gas: 15_000_000n })
  const { status, contractAddress } = await waitForTransactionReceipt(client, { hash })
  assert.equal(status, 'success')
  assert.ok(contractAddress)
  return contractAddress
}

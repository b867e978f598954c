import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  type Hash,
  type Hex,
  http,
  type PrivateKeyAccount,
  toHex,
} from 'viem'
import { estimateFeesPerGas, getTransactionCount, getTransactionReceipt, readContract } from 'viem/actions'
import { outputProposer } from '../../generated/abi.ts'
import { l2OutputOracleAbi } from '../../generated/opAbi.ts'
import { opNode, rpc } from './rpc.ts'

/** One transaction takes 100,000 to 170,000. No estimate could be made: the oracle takes each root only after the one before. */
const GAS = 300_000n
/** What fits into a block of L1, and into its pool from one sender. */
const AT_ONCE = 60
const RECEIPT_TIMEOUT_MS = 60_000

export type RootsParameters = {
  l1: { rpcUrl: string; chainId: number }
  nodeRpcUrl: string
  outputProposer: Address
  proposer: PrivateKeyAccount
}

export type Backlog = { next: bigint; interval: bigint; count: number }

/** How many roots of blocks that are safe already the oracle does not have. */
export async function backlogOf(parameters: RootsParameters): Promise<Backlog> {
  // The proposer's contract answers for the oracle.
  const oracle = { address: parameters.outputProposer, abi: l2OutputOracleAbi } as const
  const client = rpc(parameters.l1.rpcUrl)
  const [next, interval, status] = await Promise.all([
    readContract(client, { ...oracle, functionName: 'nextBlockNumber' }),
    readContract(client, { ...oracle, functionName: 'submissionInterval' }),
    opNode(rpc(parameters.nodeRpcUrl), 'optimism_syncStatus', []),
  ])
  const safe = BigInt(status.safe_l2.number)
  return { next, interval, count: safe < next ? 0 : Number((safe - next) / interval) + 1 }
}

/**
 * Sends missing roots with consecutive nonces, many to a block, and waits until they are on L1. op-proposer sends one
 * and waits for it, which after a pause of hours takes hours. It must not run meanwhile: it has the same key.
 */
export async function sendRoots(
  parameters: RootsParameters,
  { next, interval, count }: Backlog,
  signal: AbortSignal,
): Promise<number> {
  const { l1, proposer } = parameters
  const client = createWalletClient({
    account: proposer,
    chain: defineChain({
      id: l1.chainId,
      name: `L1 ${l1.chainId}`,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [] } },
    }),
    transport: http(l1.rpcUrl, { retryCount: 0 }),
  })
  const nonce = await getTransactionCount(client, { address: proposer.address, blockTag: 'latest' })
  const fees = await estimateFeesPerGas(client)
  const blocks = Array.from(
    { length: Math.min(count, AT_ONCE) },
    (_, index) => next + BigInt(index) * interval,
  )
  const calls = await Promise.all(blocks.map((block) => proposal(parameters, block)))
  let last: Hash | undefined
  for (const [index, data] of calls.entries()) {
    last = await client.sendTransaction({
      to: parameters.outputProposer,
      data,
      gas: GAS,
      nonce: nonce + index,
      // Twice of what is asked now: what op-proposer left in the pool under this nonce is replaced.
      maxFeePerGas: fees.maxFeePerGas * 2n,
      maxPriorityFeePerGas: fees.maxPriorityFeePerGas * 2n,
    })
  }
  if (last !== undefined) await untilMined(l1.rpcUrl, last, signal)
  return calls.length
}

async function proposal({ nodeRpcUrl }: RootsParameters, block: bigint): Promise<Hex> {
  const output = await opNode(rpc(nodeRpcUrl), 'optimism_outputAtBlock', [toHex(block)])
  const { number, hash } = output.syncStatus.head_l1
  return encodeFunctionData({
    abi: outputProposer.abi,
    functionName: 'proposeL2Output',
    // Named with an L1 block: on an L1 that reorganises it away the root is not taken.
    args: [output.outputRoot, block, hash, BigInt(number)],
  })
}

async function untilMined(rpcUrl: string, hash: Hash, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + RECEIPT_TIMEOUT_MS
  while (Date.now() < deadline && !signal.aborted) {
    const receipt = await getTransactionReceipt(rpc(rpcUrl), { hash }).catch(() => undefined)
    if (receipt !== undefined) return
    await sleep(500)
  }
}

import {
  type Address,
  concatHex,
  encodeFunctionData,
  getCreateAddress,
  type Hex,
  multicall3Abi,
  type PublicClient,
  parseEther,
  size,
  toHex,
  zeroHash,
} from 'viem'
import { attributesDeposit, serializeDeposit } from '../../bridge/deposit.ts'
import { depositsOfBlock, withdrawalsOf } from '../../bridge/observe.ts'
import { outputRoot, outputRootProof, type Withdrawal } from '../../bridge/withdrawal.ts'
import { predeploys, preinstalls } from '../../chain/generated/addresses.ts'
import { l2OutputOracleAbi, l2ToL1MessagePasserAbi, optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { readCursor } from '../../services/sequencer/derive.ts'
import { type BridgeChains, mine, mined, rpc, type Wallet } from './bridgeChains.ts'

/*
 * A past for a bridge, made quickly: many deposits in a transaction of L1, all deposits of an L1 block in one block of L2, many withdrawals
 * in a transaction of L2. On both chains the real contracts run.
 */

const noBatcher = toHex(0, { size: 32 })

/** Of plain deposits, so many that the portal's price for them stays what it is: two million gas in a block. */
export const depositsPerBlock = 95

/** Makes L1 blocks full of deposits, and L2 follows them. Each moves a wei to an account of its own. */
export async function makeDeposits(chains: BridgeChains, blocks: number): Promise<void> {
  const { l1, l1Wallet, manifest } = chains
  const senders = await deploySenders(l1, l1Wallet, manifest.l1.contracts.OptimismPortal, depositsPerBlock)
  for (let block = 0; block < blocks; block++) {
    const calls = senders.map((target, at) => {
      const receiver = toHex(0x10_0000_0000n + BigInt(block * depositsPerBlock + at), { size: 20 })
      const args = [receiver, 1n, 21_000n, false, '0x'] as const
      return {
        target,
        data: encodeFunctionData({ abi: optimismPortalAbi, functionName: 'depositTransaction', args }),
      }
    })
    await mined(l1, l1Wallet, together(calls, 16_000_000n))
  }
  await followL1(chains)
}

/**
 * Contracts that pass on to `target` what they are called with, and a wei. So each deposit of a block has a sender of its own: anvil takes no
 * second one of a sender.
 */
async function deploySenders(
  client: PublicClient,
  wallet: Wallet,
  target: Address,
  count: number,
): Promise<Address[]> {
  const from = wallet.account.address
  const nonce = await client.getTransactionCount({ address: from })
  // calldatacopy(0, 0, calldatasize); call(gas, target, 1, 0, calldatasize, 0, 0) or revert
  const runtime = concatHex(['0x365f5f375f5f365f600173', target, '0x5af16027575f5ffd5b00'])
  const length = toHex(size(runtime), { size: 1 })
  const data = concatHex(['0x60', length, '0x600a5f3960', length, '0x5ff3', runtime])
  const senders: Address[] = []
  for (let at = nonce; at < nonce + count; at++) {
    await wallet.sendTransaction({ data, nonce: at, gas: 200_000n })
    const sender = getCreateAddress({ from, nonce: BigInt(at) })
    await rpc(client, 'anvil_setBalance', sender, toHex(parseEther('1')))
    senders.push(sender)
  }
  await mine(client)
  return senders
}

function together(calls: readonly { target: Address; data: Hex }[], gas: bigint) {
  const made = calls.map(({ target, data: callData }) => ({ target, allowFailure: false, callData }))
  const data = encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [made] })
  return { to: preinstalls.MultiCall3, data, gas }
}

/** Makes an L2 block on every L1 block that has none yet, as op-node would: the words about it, then its deposits. */
export async function followL1({ l1, l2, manifest }: BridgeChains): Promise<void> {
  const portal = manifest.l1.contracts.OptimismPortal
  const head = await l1.getBlockNumber()
  const cursor = await readCursor({ l2, manifest })
  for (let number = cursor.number + 1n; number <= head; number++) {
    const block = await l1.getBlock({ blockNumber: number })
    const origin = { ...block, number, baseFee: block.baseFeePerGas ?? 0n, blobBaseFee: 1n }
    const deposits = await depositsOfBlock(l1, { portal, block })
    const raws = [attributesDeposit(origin, noBatcher), ...deposits].map(serializeDeposit)
    await sendTogether(l2.transport.url, raws)
    await mine(l2)
    const made = await l2.getBlock()
    if (made.transactions.length !== raws.length) {
      throw new Error(
        `L2 block ${made.number} has ${made.transactions.length} of ${raws.length} transactions`,
      )
    }
  }
}

/** In one request, as anvil is slow to take many. */
async function sendTogether(url: string, raws: readonly Hex[]): Promise<void> {
  const body = raws.map((raw, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_sendRawTransaction',
    params: [raw],
  }))
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const refused = ((await response.json()) as { error?: { message: string } }[]).find(({ error }) => error)
  if (refused?.error) throw new Error(`L2 took not all of ${raws.length}: ${refused.error.message}`)
}

/** Most withdrawals of one transaction: each takes some 60,000 gas. */
const withdrawalsPerTransaction = 500

/** Begins so many withdrawals of a wei each, to accounts without code, through Multicall3 on L2. */
export async function makeWithdrawals({ l2, l2Wallet }: BridgeChains, count: number): Promise<Withdrawal[]> {
  const [target] = await deploySenders(l2, l2Wallet, predeploys.L2ToL1MessagePasser, 1)
  if (target === undefined) throw new Error('unreachable: one sender was asked for')
  const made: Withdrawal[] = []
  while (made.length < count) {
    const some = Math.min(count - made.length, withdrawalsPerTransaction)
    const calls = Array.from({ length: some }, (_, at) => {
      const args = [toHex(0x20_0000_0000n + BigInt(made.length + at), { size: 20 }), 50_000n, '0x'] as const
      return {
        target,
        data: encodeFunctionData({ abi: l2ToL1MessagePasserAbi, functionName: 'initiateWithdrawal', args }),
      }
    })
    const receipt = await mined(l2, l2Wallet, together(calls, 100_000n * BigInt(some)))
    made.push(...withdrawalsOf(receipt))
  }
  return made
}

async function rootAt(l2: PublicClient, blockNumber: bigint): Promise<Hex> {
  const [{ stateRoot, hash }, { storageHash }] = await Promise.all([
    l2.getBlock({ blockNumber }),
    l2.getProof({ address: predeploys.L2ToL1MessagePasser, storageKeys: [], blockNumber }),
  ])
  return outputRoot(outputRootProof({ stateRoot, storageHash, blockHash: hash }))
}

/** Mines L2 up to the next height that gets a root, and lets the oracle have the roots up to there, as op-proposer would. */
export async function propose({ l1, l2, manifest }: BridgeChains): Promise<void> {
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const interval = BigInt(manifest.bridge.submissionIntervalBlocks)
  const head = await l2.getBlockNumber()
  const target = head + ((interval - (head % interval)) % interval)
  if (target > head) await mine(l2, Number(target - head))
  const from = await l1.readContract({ ...oracle, functionName: 'PROPOSER' })
  await rpc(l1, 'anvil_impersonateAccount', from)
  await rpc(l1, 'anvil_setBalance', from, toHex(10n ** 20n))
  let next = await l1.readContract({ ...oracle, functionName: 'nextBlockNumber' })
  for (; next <= target; next += interval) {
    const args = [await rootAt(l2, next), next, zeroHash, 0n] as const
    const data = encodeFunctionData({ abi: l2OutputOracleAbi, functionName: 'proposeL2Output', args })
    await rpc(l1, 'eth_sendTransaction', { from, to: oracle.address, data, gas: '0x7a120' })
    await mine(l1)
  }
}

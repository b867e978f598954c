import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Account,
  type Address,
  type Chain,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  type Hash,
  type Hex,
  http,
  type PublicClient,
  parseEther,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { type Call, depositErc20Call } from '../../bridge/actions.ts'
import { forcedDepositCall } from '../../bridge/forced.ts'
import { depositsOf, receiptOf } from '../../bridge/observe.ts'
import { l1Chain, l2Chain } from '../../chain/chains.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { type Manifest, readManifest } from '../../chain/manifest.ts'
import { mutex } from '../../services/runtime/mutex.ts'
import { type Command, hashsand, interrupt, type Sandbox, sandbox } from './devnet.ts'

export const engines = ['anvil', 'op-stack'] as const
export type EngineName = (typeof engines)[number]

type Side = 'l1' | 'l2'
type Wallet = WalletClient<Transport, Chain, Account>

/** Somebody with a key of his own. */
export type User = { address: Address; privateKey: Hex; l1: Wallet; l2: Wallet }

export type Purse = {
  /** Wei on L2, by a deposit. */
  ether?: bigint
  /** Satoshi of WBTC on L2, by a deposit. */
  wbtc?: bigint
  /** Satoshi that stay on L1, with an allowance for the bridge. */
  l1Wbtc?: bigint
}

/** A whole network, as `npm start` brings it up, on either engine. */
export type RunningNetwork = {
  engine: EngineName
  box: Sandbox
  command: Command
  manifest: Manifest
  wbtc: Manifest['tokens'][number]
  l1: PublicClient
  l2: PublicClient
  /** How long a step may take before a test gives up. No measure of anything. */
  patience: Patience
  /** A new account with ether on L1, and on L2 what the purse says. */
  newUser(purse?: Purse): Promise<User>
  /** Sends and waits for the receipt; a reverted transaction is one as well. */
  send(user: User, side: Side, call: Call & { gas?: bigint }): Promise<TransactionReceipt>
  /** The receipt on L2 of each deposit that an L1 transaction made. */
  arrived(receipt: TransactionReceipt): Promise<TransactionReceipt[]>
  /** What the sequencer service says. */
  ask<Answer>(path: string): Promise<Answer>
  /** The hashsand command, on this network's state folder. */
  hashsand(...args: string[]): Command
  /** The same with --send, to its end. There is one wallet: stories that run beside each other take turns. */
  sends(...args: string[]): Promise<Command>
  stop(): Promise<void>
}

export type Patience = { blockSeconds: number; depositSeconds: number; finalSeconds: number }

export type StartNetworkParameters = { engine: EngineName; box?: Sandbox; env?: Record<string, string> }

/** Starts a network, or goes on with that of a sandbox. Its blocks come by the clock, seconds apart: wait for events. */
export async function startNetwork({
  engine,
  box: given,
  env = {},
}: StartNetworkParameters): Promise<RunningNetwork> {
  const box = given ?? (await sandbox())
  const port = String(box.basePort)
  const blocks = ['--source', 'attested', '--blocks', 'simulated']
  const args = ['devnet', 'up', '--engine', engine, ...blocks, '--base-port', port]
  const command = hashsand([...box.args, ...args], env)
  try {
    await command.line(({ up }) => up === true)
    return await joinNetwork(box, command)
  } catch (error) {
    await command.killTree().catch(() => {})
    await box.remove()
    throw error
  }
}

async function joinNetwork(box: Sandbox, command: Command): Promise<RunningNetwork> {
  const manifest = await readManifest(`${box.state}/901.json`)
  const wbtc = manifest.tokens.find(({ symbol }) => symbol === 'WBTC')
  if (wbtc === undefined) throw new Error('the manifest names no WBTC')
  const clients = { l1: connect(manifest.l1.rpcUrl), l2: connect(manifest.l2.rpcUrl) }
  const patience = patienceOf(manifest)
  const wallet = mutex()
  const network: RunningNetwork = {
    engine: manifest.engine,
    box,
    command,
    manifest,
    wbtc,
    ...clients,
    patience,
    newUser: (purse = {}) => newUser(network, purse),
    send: (user, side, call) => send(network, user, side, call),
    arrived: async (receipt) => {
      const deposits = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
      return Promise.all(deposits.map(({ hash }) => executed(network, hash)))
    },
    ask: async <Answer>(path: string) => {
      const response = await fetch(`${manifest.services.sequencer}${path}`)
      return (await response.json()) as Answer
    },
    hashsand: (...args) => hashsand([...box.args, ...args]),
    sends: (...args) =>
      wallet(async () => {
        const command = hashsand([...box.args, ...args, '--send'])
        await command.ended
        return command
      }),
    stop: async () => {
      const exit = await interrupt(command)
      await box.remove()
      if (exit !== 0) throw new Error(`the network ended with ${exit}: ${command.stderr()}`)
    },
  }
  return network
}

/** Ten times what each of them takes on an idle machine of two cores, and at least half a minute. */
function patienceOf({ l1, l2, bridge }: Manifest): Patience {
  const blockSeconds = Math.max(30, 10 * (l1.blockTimeSeconds + l2.blockTimeSeconds))
  return {
    blockSeconds,
    depositSeconds: 2 * blockSeconds,
    finalSeconds: 3 * blockSeconds + 2 * bridge.finalizationPeriodSeconds,
  }
}

function connect(url: string): PublicClient {
  return createPublicClient({
    transport: http(url, { retryCount: 3 }),
    cacheTime: 0,
    pollingInterval: pollMs,
  })
}

const pollMs = 200

/** Polls until there is something. A node that does not answer counts as nothing yet. */
export async function eventually<Value>(
  look: () => Promise<Value | undefined | false>,
  what: string,
  seconds: number,
): Promise<Value> {
  const deadline = Date.now() + seconds * 1_000
  let last: unknown
  while (Date.now() < deadline) {
    const found = await look().catch((error: unknown) => {
      last = error
      return undefined
    })
    if (found !== undefined && found !== false) return found
    await sleep(pollMs)
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last })
}

async function send(
  network: RunningNetwork,
  user: User,
  side: Side,
  call: Call & { gas?: bigint },
): Promise<TransactionReceipt> {
  // Half as much again: after a full block the portal burns more gas for the same deposit.
  const estimate = async () => (await network[side].estimateGas({ account: user.address, ...call })) * 3n
  const gas = call.gas ?? (await estimate()) / 2n
  return mined(network, side, await user[side].sendTransaction({ ...call, gas }))
}

export async function mined(
  network: Pick<RunningNetwork, 'l1' | 'l2' | 'patience'>,
  side: Side,
  hash: Hash,
): Promise<TransactionReceipt> {
  const { [side]: client, patience } = network
  try {
    return await client.waitForTransactionReceipt({ hash, timeout: patience.blockSeconds * 1_000 })
  } catch (error) {
    throw new Error(`no receipt on ${side}: ${await circumstancesOf(client, hash)}`, { cause: error })
  }
}

/** Why a transaction may not be in a block, as the node has it. */
async function circumstancesOf(client: PublicClient, hash: Hash): Promise<string> {
  const [transaction, head] = await Promise.all([
    client.getTransaction({ hash }).catch(() => undefined),
    client.getBlock().catch(() => undefined),
  ])
  if (transaction === undefined) return `${hash} is not known to the node any more`
  const { from, nonce, maxFeePerGas, blockNumber } = transaction
  const [mined, pending] = await Promise.all(
    (['latest', 'pending'] as const).map((blockTag) =>
      client.getTransactionCount({ address: from, blockTag }).catch(() => undefined),
    ),
  )
  const fee = `fee ${maxFeePerGas} at a base fee of ${head?.baseFeePerGas}`
  return `${hash} of ${from} in block ${blockNumber}, head ${head?.number}; nonce ${nonce}, next ${mined}, pending ${pending}; ${fee}`
}

export function executed({ l2, patience }: RunningNetwork, hash: Hash): Promise<TransactionReceipt> {
  return eventually(() => receiptOf(l2, hash), `deposit ${hash} on L2`, patience.depositSeconds)
}

/* ACCOUNTS */

const l1Purse = parseEther('100')
/** Stated, as an estimate would be made before the transaction that it depends on is in a block. */
const gasOf = { faucet: 200_000n, approve: 100_000n, deposit: 3_000_000n }

async function newUser(network: RunningNetwork, purse: Purse): Promise<User> {
  const { manifest } = network
  const user = userOf(manifest, generatePrivateKey())
  const faucet = createTestClient({ mode: 'anvil', transport: http(manifest.l1.rpcUrl) })
  await faucet.setBalance({ address: user.address, value: l1Purse })
  // One after another into the pool, so that they need not a block each.
  const hashes: Hash[] = []
  for (const [nonce, call] of callsFor(network, user.address, purse).entries()) {
    hashes.push(await user.l1.sendTransaction({ ...call, nonce }))
  }
  for (const hash of hashes) {
    const receipt = await mined(network, 'l1', hash)
    if (receipt.status !== 'success') throw new Error(`${hash} reverted while an account was being funded`)
    await network.arrived(receipt)
  }
  return user
}

function callsFor(
  { manifest, wbtc: token }: RunningNetwork,
  to: Address,
  { ether = 0n, wbtc = 0n, l1Wbtc = 0n }: Purse,
): (Call & { gas: bigint })[] {
  const calls: (Call & { gas: bigint })[] = []
  const coins = wbtc + l1Wbtc
  // Straight to the portal: the bridge would buy five times the gas, and many deposits in a block make it dearer for all.
  if (ether > 0n) calls.push({ ...forcedDepositCall({ manifest, amount: ether, to }), gas: gasOf.deposit })
  if (coins > 0n) {
    const { abi } = testWBTC
    const bridge = manifest.l1.contracts.L1StandardBridge
    const give = encodeFunctionData({ abi, functionName: 'faucet', args: [to, coins] })
    const approve = encodeFunctionData({ abi, functionName: 'approve', args: [bridge, coins] })
    calls.push({ to: token.l1, data: give, value: 0n, gas: gasOf.faucet })
    calls.push({ to: token.l1, data: approve, value: 0n, gas: gasOf.approve })
  }
  if (wbtc > 0n) {
    const deposit = depositErc20Call({ manifest, token: token.l1, amount: wbtc, to })
    calls.push({ ...deposit, gas: gasOf.deposit })
  }
  return calls
}

function userOf(manifest: Manifest, privateKey: Hex): User {
  const account = privateKeyToAccount(privateKey)
  const wallet = (chain: Chain, url: string): Wallet =>
    createWalletClient({ account, chain, transport: http(url), pollingInterval: pollMs })
  return {
    address: account.address,
    privateKey,
    l1: wallet(l1Chain(manifest), manifest.l1.rpcUrl),
    l2: wallet(l2Chain(manifest), manifest.l2.rpcUrl),
  }
}

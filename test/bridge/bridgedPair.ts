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
  http,
  type PublicClient,
  parseEther,
  type TransactionReceipt,
  type Transport,
  toHex,
  type WalletClient,
} from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { serializeDeposit } from '../../bridge/deposit.ts'
import { proposeOutputCall } from '../../bridge/forced.ts'
import { depositsOf } from '../../bridge/observe.ts'
import { readOwnOutput } from '../../bridge/outputs.ts'
import { bareChain } from '../../chain/chains.ts'
import { deployL1 } from '../../chain/deploy/l1.ts'
import { bridgedToken } from '../../chain/deploy/token.ts'
import { anvil } from '../../chain/engine/anvil/rpc.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { buildGenesis } from '../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../chain/genesis/inject.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { TokenPair } from '../../chain/tokens.ts'
import { clientOf, config, deployer, account as newAccount, startTestNode } from '../chain/fixture.ts'

type Wallet = WalletClient<Transport, Chain, Account>
type Side = 'l1' | 'l2'
type Sent = { to?: Address; data?: `0x${string}`; value?: bigint; gas?: bigint; as?: PrivateKeyAccount }

/** Both chains with the real contracts, each transaction in a block of its own at once, and no service: L2 learns what it is told here. */
export type BridgedPair = {
  l1: PublicClient
  l2: PublicClient
  l1Wallet: Wallet
  /** Has ether on both. */
  account: Address
  manifest: Pick<Manifest, 'bridge' | 'tokens' | 'engine'> & { l1: Manifest['l1']; l2: Manifest['l2'] }
  pair: TokenPair
  /** Somebody new with ether on L1 and none on L2. */
  newAccount(): Promise<PrivateKeyAccount>
  /** Coins and an allowance of the bridge for all of them, for the account. */
  giveWbtc(amount: bigint): Promise<void>
  send(side: Side, call: Sent): Promise<TransactionReceipt>
  /** Executes on L2 what an L1 transaction deposited. */
  relay(receipt: TransactionReceipt): Promise<TransactionReceipt[]>
  /** Makes L2 blocks up to the next output, and proposes its root as the operator. */
  propose(): Promise<void>
  /** Moves L1's clock. */
  wait(seconds: number): Promise<void>
  /** Lets `work` send a transaction as L2's bridge. */
  asBridgeOnL2(work: (bridge: Wallet) => Promise<Hash>): Promise<void>
  stop(): Promise<void>
}

const purse = toHex(parseEther('1000'))

export async function startBridgedPair(): Promise<BridgedPair> {
  const nodes = {
    l1: await startTestNode(config.l1.chainId, ['--hardfork', 'osaka']),
    l2: await startTestNode(config.l2.chainId, [
      '--network',
      'optimism',
      '--hardfork',
      'granite',
      '--order',
      'fifo',
    ]),
  }
  const stop = async () => {
    await Promise.all([nodes.l1.stop(), nodes.l2.stop()])
  }
  try {
    return await bridged(nodes, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

type Nodes = Record<Side, { rpcUrl: string }>

async function bridged(nodes: Nodes, stop: () => Promise<void>): Promise<BridgedPair> {
  const deployment = await deployL1(clientOf(nodes.l1.rpcUrl, config.l1.chainId), { config })
  await injectGenesis(nodes.l2.rpcUrl, await buildGenesis(config, deployment.contracts))
  const clients = { l1: clientOf(nodes.l1.rpcUrl, 900), l2: clientOf(nodes.l2.rpcUrl, 901) }
  for (const client of [clients.l1, clients.l2])
    await anvil(client, 'anvil_setBalance', [deployer.address, purse])

  const readers = { l1: reader(nodes.l1.rpcUrl), l2: reader(nodes.l2.rpcUrl) }
  const wallet = (side: Side, from: Account | Address): Wallet =>
    createWalletClient({
      account: from,
      chain: bareChain(config[side].chainId),
      transport: http(nodes[side].rpcUrl),
      pollingInterval: 20,
    })
  const receiptFor = (side: Side, hash: `0x${string}`) => readers[side].waitForTransactionReceipt({ hash })
  const send: BridgedPair['send'] = async (side, { as: from = deployer, ...call }) =>
    receiptFor(side, await wallet(side, from).sendTransaction(call))

  const definition = { l1: deployment.wbtc, name: 'Wrapped BTC', symbol: 'WBTC', decimals: 8 }
  const token = bridgedToken(definition)
  await send('l2', { to: predeploys.OptimismMintableERC20Factory, data: token.calldata })
  const pair = { ...definition, l2: token.address }
  const manifest = manifestOf(deployment, nodes, pair)
  return {
    ...readers,
    l1Wallet: wallet('l1', deployer),
    account: deployer.address,
    manifest,
    pair,
    newAccount: async () => {
      const account = newAccount()
      await anvil(clients.l1, 'anvil_setBalance', [account.address, purse])
      return account
    },
    giveWbtc: async (amount) => {
      const { address } = deployer
      const give = { abi: testWBTC.abi, functionName: 'faucet', args: [address, amount] } as const
      const bridge = deployment.contracts.L1StandardBridge
      const allow = { abi: testWBTC.abi, functionName: 'approve', args: [bridge, 2n ** 255n] } as const
      await send('l1', { to: pair.l1, data: encodeFunctionData(give) })
      await send('l1', { to: pair.l1, data: encodeFunctionData(allow) })
    },
    send,
    relay: async (receipt) => {
      const executed: TransactionReceipt[] = []
      for (const deposit of depositsOf(receipt, deployment.contracts.OptimismPortal)) {
        const raw = serializeDeposit(deposit)
        const hash = await readers.l2.request({ method: 'eth_sendRawTransaction', params: [raw] })
        executed.push(await receiptFor('l2', hash))
        await isForgotten(nodes.l2.rpcUrl)
      }
      return executed
    },
    propose: async () => {
      const { proposer } = config.roles
      const { L2OutputOracle: address } = deployment.contracts
      await anvil(clients.l1, 'anvil_impersonateAccount', [proposer])
      await anvil(clients.l1, 'anvil_setBalance', [proposer, purse])
      const l2BlockNumber = await readers.l1.readContract({
        address,
        abi: l2OutputOracleAbi,
        functionName: 'nextBlockNumber',
      })
      while ((await readers.l2.getBlockNumber()) < l2BlockNumber) await anvil(clients.l2, 'evm_mine', [])
      const { root } = await readOwnOutput(readers.l2, l2BlockNumber)
      const { hash, number } = await readers.l1.getBlock()
      const l1Block = { hash, number }
      const proposal = { manifest: { l1: manifest.l1 }, root, l2BlockNumber, l1Block, bond: 0n }
      const sent = await wallet('l1', proposer).sendTransaction(proposeOutputCall(proposal))
      await receiptFor('l1', sent)
    },
    wait: async (seconds) => {
      const clock = createTestClient({ mode: 'anvil', transport: http(nodes.l1.rpcUrl) })
      await clock.increaseTime({ seconds })
      await clock.mine({ blocks: 1 })
    },
    asBridgeOnL2: async (work) => {
      const { L2StandardBridge } = predeploys
      await anvil(clients.l2, 'anvil_impersonateAccount', [L2StandardBridge])
      await anvil(clients.l2, 'anvil_setBalance', [L2StandardBridge, purse])
      await receiptFor('l2', await work(wallet('l2', L2StandardBridge)))
      await anvil(clients.l2, 'anvil_setBalance', [L2StandardBridge, '0x0'])
    },
    stop,
  }
}

/** Anvil shows a receipt before its pool lets go of the transaction; until then it takes no other deposit of the same sender. */
async function isForgotten(url: string): Promise<void> {
  const client = createTestClient({ mode: 'anvil', transport: http(url) })
  while ((await client.getTxpoolStatus()).pending > 0) await sleep(10)
}

function reader(url: string): PublicClient {
  return createPublicClient({ transport: http(url), cacheTime: 0, pollingInterval: 20 })
}

function manifestOf(
  { contracts, genesisHash, startBlock }: Awaited<ReturnType<typeof deployL1>>,
  nodes: Nodes,
  pair: TokenPair,
): BridgedPair['manifest'] {
  return {
    engine: 'anvil',
    l1: { ...config.l1, rpcUrl: nodes.l1.rpcUrl, genesisHash, startBlock, contracts },
    // The genesis of a node that was begun by its own means: nobody here asks for it.
    l2: { ...config.l2, rpcUrl: nodes.l2.rpcUrl, genesisHash },
    bridge: config.bridge,
    tokens: [pair],
  }
}

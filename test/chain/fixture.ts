import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, createTestClient, defineChain, http, type PrivateKeyAccount, zeroAddress } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { revert, snapshot } from 'viem/actions'
import type { DeployConfig } from '../../chain/deploy/config.ts'
import { startAnvil } from '../../chain/engine/anvil/node.ts'
import { anvil } from '../../chain/engine/anvil/rpc.ts'

/** What the tests of this folder share: keys made at run time, short waiting times, folders that go away. */

export const account = (): PrivateKeyAccount => privateKeyToAccount(generatePrivateKey())

export const deployer = account()

const address = () => account().address

export const config: DeployConfig = {
  l1: { chainId: 900, blockTimeSeconds: 1 },
  l2: { chainId: 901, blockTimeSeconds: 1 },
  bridge: {
    submissionIntervalBlocks: 10,
    finalizationPeriodSeconds: 6,
    sequencingWindowBlocks: 2,
    scheduleHeadStartSeconds: 10_000_000,
  },
  roles: {
    proposer: address(),
    challenger: address(),
    guardian: address(),
    batcher: address(),
    unsafeBlockSigner: address(),
    governor: address(),
  },
  timelockDelaySeconds: 60,
  feeScalars: { baseFee: 0, blobBaseFee: 0 },
  clock: { firstEpoch: 20_000, start: 1_800_000_000, epochSeconds: 6 },
  networks: [
    {
      name: 'BTC',
      unit: '1 PH/s',
      class: 'attested',
      unitWork: 86_400n * 10n ** 15n,
      prover: zeroAddress,
      challenger: zeroAddress,
      firstDay: 20_000,
      disputeSeconds: 1,
      faultTolerance: 1,
      signers: [address(), address(), address(), address()],
    },
  ],
  predeployProxies: 'trimmed',
  testL1: { funded: [] },
}

export function clientOf(rpcUrl: string, chainId: number, from: PrivateKeyAccount = deployer) {
  return createClient({
    account: from,
    chain: defineChain({
      id: chainId,
      name: `test ${chainId}`,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [rpcUrl] } },
    }),
    transport: http(rpcUrl, { timeout: 60_000, retryCount: 0 }),
    pollingInterval: 20,
  })
}

export async function temporaryFolder(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-chain-'))
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

/** A config that went through JSON, where integers of the chain are strings. */
export function reviveConfig(value: unknown): DeployConfig {
  // Safe: it was written by a test from a DeployConfig.
  const parsed = value as DeployConfig
  return {
    ...parsed,
    networks: parsed.networks.map((network) => ({ ...network, unitWork: BigInt(network.unitWork) })),
  }
}

export type TestNode = { rpcUrl: string; stop(): Promise<void> }

/** A node that mines each transaction at once, in a folder of its own. */
export async function startTestNode(chainId: number, args: readonly string[] = []): Promise<TestNode> {
  const { dir, remove } = await temporaryFolder()
  const node = await startAnvil({ name: 'test node', port: 0, chainId, cacheDir: join(dir, 'cache'), args })
  await anvil(clientOf(node.rpcUrl, chainId), 'evm_setAutomine', [true])
  return {
    rpcUrl: node.rpcUrl,
    stop: async () => {
      await node.stop()
      await remove()
    },
  }
}

/** Lets `work` change the node, then takes every change back. */
export async function undone(rpcUrl: string, work: () => Promise<void>): Promise<void> {
  const client = createTestClient({ mode: 'anvil', transport: http(rpcUrl, { retryCount: 0 }) })
  const id = await snapshot(client)
  try {
    await work()
  } finally {
    await revert(client, { id })
  }
}

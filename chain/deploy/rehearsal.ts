import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, http, type PrivateKeyAccount, toHex } from 'viem'
import { parseEther } from 'viem/utils'
import { bareChain } from '../chains.ts'
import { startAnvil } from '../engine/anvil/node.ts'
import { anvil } from '../engine/anvil/rpc.ts'
import { buildGenesis } from '../genesis/genesis.ts'
import type { L1Rules } from '../genesis/geth.ts'
import type { DeployConfig, L1Contracts } from './config.ts'
import { deployL1 } from './l1.ts'
import { type DeployClient, openDirect, type Transact } from './send.ts'

const PLENTY = parseEther('1000000')
const RPC_TIMEOUT_MS = 120_000

export type Rehearsed = {
  /** Every transaction in the order of its nonce. */
  steps: readonly { step: string; gas: bigint }[]
  contracts: L1Contracts
}

export type RehearsalParameters = {
  rpcUrl: string
  config: DeployConfig
  rules: L1Rules
  deployer: PrivateKeyAccount
  onProgress?: (step: string) => void
}

/**
 * Runs the whole deployment on a fork of L1 that is thrown away, and makes the L2 genesis of its contracts: what would
 * fail fails here, where it costs nothing.
 */
export async function rehearseL1(parameters: RehearsalParameters): Promise<Rehearsed> {
  const { rpcUrl, config, rules, deployer, onProgress } = parameters
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-rehearsal-'))
  const fork = await startAnvil({
    name: 'fork of L1',
    port: 0,
    chainId: config.l1.chainId,
    cacheDir: join(dir, 'cache'),
    args: ['--fork-url', rpcUrl, '--hardfork', rules],
  }).catch(async (error: unknown) => {
    await rm(dir, { recursive: true })
    throw error
  })
  try {
    const client = createClient({
      account: deployer,
      chain: bareChain(config.l1.chainId),
      transport: http(fork.rpcUrl, { timeout: RPC_TIMEOUT_MS }),
      pollingInterval: 20,
    })
    await anvil(client, 'evm_setAutomine', [true])
    await anvil(client, 'anvil_setBalance', [deployer.address, toHex(PLENTY)])
    const { steps, transact } = await recorder(client)
    const { contracts } = await deployL1(client, { config, transact, ...(onProgress && { onProgress }) })
    onProgress?.('L2: genesis')
    await buildGenesis(config, contracts)
    return { steps, contracts }
  } finally {
    await fork.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Notes what each transaction took, at its place in the order of sending. */
async function recorder(client: DeployClient) {
  const direct = await openDirect(client)
  const steps: { step: string; gas: bigint }[] = []
  const transact: Transact = async (step, to, data) => {
    const note = { step, gas: 0n }
    steps.push(note)
    const receipt = await direct(step, to, data)
    note.gas = receipt.gasUsed
    return receipt
  }
  return { steps, transact }
}

import { existsSync } from 'node:fs'
import {
  type Address,
  createClient,
  createPublicClient,
  formatEther,
  http,
  type PrivateKeyAccount,
  parseEther,
} from 'viem'
import { getBalance, getCode, getGasPrice } from 'viem/actions'
import { depositEtherCall } from '../../../bridge/actions.ts'
import { l1Chain, l2Chain } from '../../../chain/chains.ts'
import { l2Deployments } from '../../../chain/deploy/l2.ts'
import { feedDeployments, feedName } from '../../../chain/deploy/oracle.ts'
import { bridgedToken } from '../../../chain/deploy/token.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { TransactionRevertedError } from '../../../chain/errors.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { createLog } from '../../runtime/log.ts'
import { type Outbox, openOutbox } from '../../runtime/outbox.ts'
import { openOutboxStore } from '../../runtime/store.ts'
import { openNetwork } from '../clients.ts'
import type { Output } from '../output.ts'
import { waitFor } from '../wait.ts'
import { completeNetwork, wbtcToken } from './completeNetwork.ts'
import { DeployerFundsError, NotDeployedError, OtherRolesError } from './errors.ts'
import { type DeployFolder, type Journal, readJournal } from './journal.ts'
import { configOf, type Roles } from './rolesFile.ts'

/** What the deployer and the relayer get on L2: a hundred times what a deployment takes at 1 gwei. */
const DEPOSIT = parseEther('0.2')
const ENOUGH = parseEther('0.1')
/** Two deposits and the factory of payout addresses, which take 1.6 million. */
const L1_GAS = 3_000_000n
const ARRIVAL_SECONDS = 600

export type L2SideParameters = {
  folder: DeployFolder
  deployer: PrivateKeyAccount
  /** Instead of the manifest's. */
  l1RpcUrl?: string | undefined
  l2RpcUrl?: string | undefined
  output: Output
  signal: AbortSignal
}

type Opened = L2SideParameters & {
  manifest: Manifest
  journal: Journal
  wbtc: Address
  clients: ReturnType<typeof clientsOf>
}

/** Says what is still missing on L2. Nothing is sent and nothing is written. */
export async function planL2(parameters: L2SideParameters): Promise<void> {
  const { output, manifest, journal, wbtc, clients, deployer } = await open(parameters)
  const deployments = Object.entries(l2Deployments(configOf(journal.roles)))
  const feeds = feedDeployments(journal.roles.networks.length)
  const wanted = [
    ...deployments.map(([name, { address }]) => ({ name, address })),
    ...feeds.map(({ deployment, ...kind }) => ({ name: feedName(kind), address: deployment.address })),
    { name: 'WBTC', address: bridgedToken(wbtcToken(wbtc)).address },
  ]
  const contracts = await Promise.all(
    wanted.map(async ({ name, address }) => {
      const code = await getCode(clients.l2, { address })
      return { name, address, isThere: code !== undefined }
    }),
  )
  const poor = await poorOf(journal.roles, deployer.address, clients)
  const lines = contracts.map(
    ({ name, address, isThere }) => `  ${name.padEnd(36)} ${address}${isThere ? '  there' : ''}`,
  )
  const deposits = poor.map((address) => `  ${formatEther(DEPOSIT)} ether from L1 to ${address} on L2`)
  output.result(
    { network: manifest.name, contracts, deposits: poor.map((to) => ({ to, wei: DEPOSIT })) },
    [`${manifest.name}: contracts of L2`, ...lines, ...deposits].join('\n'),
  )
}

/** Brings what is missing, and writes the complete manifest. May be cut off anywhere and run again. */
export async function sendL2(parameters: L2SideParameters): Promise<Manifest> {
  const opened = await open(parameters)
  const { folder, deployer, journal, wbtc, clients, output, manifest } = opened
  const { roles } = journal
  const poor = await poorOf(roles, deployer.address, clients)
  await assertEther(opened, poor)
  const outbox = await openL1Outbox(opened)
  try {
    await bringEther(opened, poor, outbox)
    const complete = await completeNetwork({
      manifest: local(manifest, opened),
      config: configOf(roles),
      wbtc,
      indices: indicesOf(roles),
      clients,
      transact: async (step, to, data) => {
        const receipt = await outbox.send({ key: step, to, data })
        if (receipt.status !== 'success') throw new TransactionRevertedError(step, receipt.transactionHash)
        return receipt
      },
      onProgress: (step) => output.progress(step),
    })
    const published = {
      ...complete,
      l1: { ...complete.l1, rpcUrl: manifest.l1.rpcUrl },
      l2: { ...complete.l2, rpcUrl: manifest.l2.rpcUrl },
    }
    const { genesis, rollup, l1ChainConfig } = await readNetworkFolder(folder.network)
    const files = { genesis, rollup, l1ChainConfig }
    await writeNetworkFolder(folder.network, { manifest: published, files })
    return published
  } finally {
    await outbox.close()
  }
}

async function open(parameters: L2SideParameters): Promise<Opened> {
  const { folder, deployer } = parameters
  const journal = await readJournal(folder)
  if (journal === undefined || !existsSync(folder.network)) throw new NotDeployedError(folder.network, 'L1')
  if (journal.deployer !== deployer.address) {
    throw new OtherRolesError(folder.root, [`the deployer is ${deployer.address}, was ${journal.deployer}`])
  }
  const { manifest } = await readNetworkFolder(folder.network)
  const here = local(manifest, parameters)
  await openNetwork(here)
  const wbtc = journal.roles.wbtc ?? (journal.decided('wbtc') as Address)
  return { ...parameters, manifest, journal, wbtc, clients: clientsOf(here, deployer) }
}

/** The manifest as this machine reaches the chains: its own L1 may not be the public one. */
function local(
  manifest: Manifest,
  { l1RpcUrl, l2RpcUrl }: Pick<L2SideParameters, 'l1RpcUrl' | 'l2RpcUrl'>,
): Manifest {
  return {
    ...manifest,
    l1: { ...manifest.l1, rpcUrl: l1RpcUrl ?? manifest.l1.rpcUrl },
    l2: { ...manifest.l2, rpcUrl: l2RpcUrl ?? manifest.l2.rpcUrl },
  }
}

function clientsOf(manifest: Manifest, account: PrivateKeyAccount) {
  const polling = (seconds: number) => ({ pollingInterval: seconds * 250, cacheTime: 0 })
  const { l1, l2 } = manifest
  return {
    l1: createClient({
      account,
      chain: l1Chain(manifest),
      transport: http(l1.rpcUrl),
      ...polling(l1.blockTimeSeconds),
    }),
    l2: createClient({
      account,
      chain: l2Chain(manifest),
      transport: http(l2.rpcUrl),
      ...polling(l2.blockTimeSeconds),
    }),
  }
}

/** Who pays on L2 and has too little there. */
async function poorOf(roles: Roles, deployer: Address, { l2 }: Opened['clients']): Promise<Address[]> {
  const { relayer } = roles.roles
  const poor: Address[] = []
  for (const address of relayer === undefined ? [deployer] : [deployer, relayer]) {
    if ((await getBalance(l2, { address })) < ENOUGH) poor.push(address)
  }
  return poor
}

async function assertEther({ clients, deployer }: Opened, poor: readonly Address[]): Promise<void> {
  const balance = await getBalance(clients.l1, { address: deployer.address })
  const needed = BigInt(poor.length) * DEPOSIT + 2n * L1_GAS * (await getGasPrice(clients.l1))
  if (balance < needed) throw new DeployerFundsError(deployer.address, balance, needed, 'L1')
}

async function openL1Outbox({ folder, deployer, signal, manifest, ...parameters }: Opened): Promise<Outbox> {
  const here = local(manifest, parameters)
  const client = createPublicClient({ chain: l1Chain(here), transport: http(here.l1.rpcUrl), cacheTime: 0 })
  const store = await openOutboxStore(folder.outbox('l1'))
  const log = createLog('deploy', 'silent')
  const pollMs = Math.min(2_000, here.l1.blockTimeSeconds * 250)
  return openOutbox({ client, account: deployer, store, log, signal, pollMs }).catch(
    async (error: unknown) => {
      await store.close()
      throw error
    },
  )
}

/** Each gets it once: the outbox remembers, however often a run is cut off. */
async function bringEther(
  { manifest, clients, output }: Opened,
  poor: readonly Address[],
  outbox: Outbox,
): Promise<void> {
  for (const to of poor) {
    output.progress(`L1: ${formatEther(DEPOSIT)} ether for ${to} on L2`)
    await outbox.send({
      key: `ether on L2 for ${to}`,
      ...depositEtherCall({ manifest, amount: DEPOSIT, to }),
    })
  }
  for (const address of poor) {
    output.progress(`L2: waiting for the ether of ${address}`)
    await waitFor({
      what: `the ether of ${address} to arrive on L2`,
      seconds: ARRIVAL_SECONDS,
      remedy: 'Its deposit is on L1; look whether hashsand operator up runs.',
      look: async () => ((await getBalance(clients.l2, { address })) >= ENOUGH ? true : undefined),
    })
  }
}

function indicesOf(roles: Roles) {
  return roles.networks.flatMap(({ indices, unit, firstDay }, position) =>
    indices.map(({ name, tick, caps }) => ({
      name,
      unit,
      source: hashsandPredeploys.RewardIndex,
      network: position + 1,
      firstEpoch: firstDay,
      tick,
      caps,
    })),
  )
}

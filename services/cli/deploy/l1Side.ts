import { existsSync, readdirSync } from 'node:fs'
import {
  createClient,
  createPublicClient,
  http,
  type PrivateKeyAccount,
  type PublicClient,
  type Transport,
} from 'viem'
import { getBlock } from 'viem/actions'
import { bareChain } from '../../../chain/chains.ts'
import type { DeployConfig, L1Deployment } from '../../../chain/deploy/config.ts'
import { deployL1, requirePreinstalls } from '../../../chain/deploy/l1.ts'
import { rehearseL1 } from '../../../chain/deploy/rehearsal.ts'
import type { Transact } from '../../../chain/deploy/send.ts'
import { checkExternalL1 } from '../../../chain/engine/opstack/l1.ts'
import { TransactionRevertedError } from '../../../chain/errors.ts'
import { createLog } from '../../runtime/log.ts'
import { type Outbox, openOutbox } from '../../runtime/outbox.ts'
import { openOutboxStore } from '../../runtime/store.ts'
import type { Output } from '../output.ts'
import { assertFunds, costOf, type Plan, showPlan } from './cost.ts'
import { DeployerRoleError, NetworkFolderTakenError } from './errors.ts'
import { assertSameRoles, beginJournal, type DeployFolder, type Journal, readJournal } from './journal.ts'
import { configOf, parseRoles, type Roles } from './rolesFile.ts'

const RPC_TIMEOUT_MS = 60_000
/** The outbox waits for an L1 that is away as long as it takes. */
const REMINDER_MS = 60_000

export type L1SideParameters = {
  l1RpcUrl: string
  rolesText: string
  rolesPath: string
  folder: DeployFolder
  deployer: PrivateKeyAccount
  /** L1 blocks that must stand on the one from which L2 starts. */
  confirmations: number
  output: Output
  signal: AbortSignal
  /** How often L1 is asked; as often as it makes blocks if absent. */
  pollMs?: number
  /** Instead of plain HTTP to `l1RpcUrl`. */
  transport?: Transport
}

type Prepared = L1SideParameters & { roles: Roles; config: DeployConfig; reader: PublicClient }
export type Sent = { roles: Roles; config: DeployConfig; l1: L1Deployment; l2Time: number; sent: number }

/** Everything that can be looked at without sending: the file, the folder, L1, the deployer. */
async function prepare(parameters: L1SideParameters): Promise<Prepared & { journal: Journal | undefined }> {
  const { l1RpcUrl, rolesText, rolesPath, folder, deployer } = parameters
  const roles = parseRoles(rolesText, rolesPath)
  const config = configOf(roles)
  const second = Object.entries(roles.roles).find(([, holder]) => holder === deployer.address)
  if (second !== undefined) throw new DeployerRoleError(deployer.address, second[0])
  const journal = await readJournal(folder)
  if (journal !== undefined) assertSameRoles(folder, journal, { roles, deployer: deployer.address })
  else if (existsSync(folder.network) && readdirSync(folder.network).length > 0)
    throw new NetworkFolderTakenError(folder.network, folder.journal)

  await checkExternalL1({ rpcUrl: l1RpcUrl, rules: roles.l1.rules }, roles.l1.chainId)
  const client = writerOf(parameters, config)
  await requirePreinstalls(client)
  const reader = createPublicClient({ chain: client.chain, transport: transportOf(parameters), cacheTime: 0 })
  return { ...parameters, roles, config, reader, journal }
}

/** Says what a deployment would do and cost. Nothing is sent and nothing is written. */
export async function planL1(parameters: L1SideParameters): Promise<void> {
  const prepared = await prepare(parameters)
  const { journal, output, deployer, reader } = prepared
  const plan = journal === undefined ? await rehearse(prepared) : { ...journal, steps: journal.plan }
  const done = journal === undefined ? new Set<string>() : await settledSteps(prepared)
  const isDone = (step: string) => done.has(step)
  const toGo = plan.steps.filter(({ step }) => !isDone(step))
  const shown = { steps: plan.steps, contracts: plan.contracts, isDone, deployer: deployer.address }
  showPlan(output, shown, await costOf(reader, deployer.address, toGo))
}

/** Deploys, or goes on where the last run was cut off; where all is done it only asserts. */
export async function sendL1(parameters: L1SideParameters): Promise<Sent> {
  const prepared = await prepare(parameters)
  const { roles, config, deployer, reader, output, confirmations } = prepared
  const journal = prepared.journal ?? (await begin(prepared))
  const outbox = await openL1Outbox(prepared)
  try {
    const toGo = journal.plan.filter(({ step }) => outbox.lookup(step) === undefined)
    assertFunds(deployer.address, await costOf(reader, deployer.address, toGo))
    const counter = countedTransact(outbox, journal, output)
    const client = writerOf(prepared, config)
    const l1 = await deployL1(client, {
      config,
      onProgress: (step) => output.progress(step),
      transact: counter.transact,
      decide: journal.decide,
      confirmations,
    })
    await journal.decide('wbtc', async () => l1.wbtc)
    const { timestamp } = await getBlock(client, { blockHash: l1.startBlock.hash })
    return { roles, config, l1, l2Time: Number(timestamp), sent: counter.sent() }
  } finally {
    await outbox.close()
  }
}

/** The first thing on disk, once it is known that the deployment can come to its end. */
async function begin(prepared: Prepared): Promise<Journal> {
  const { folder, rolesText, deployer, reader } = prepared
  const { steps, contracts } = await rehearse(prepared)
  assertFunds(deployer.address, await costOf(reader, deployer.address, steps))
  return beginJournal(folder, { rolesText, deployer: deployer.address, plan: steps, contracts })
}

async function rehearse(prepared: Prepared): Promise<Pick<Plan, 'steps' | 'contracts'>> {
  const { l1RpcUrl, config, roles, deployer, output } = prepared
  return rehearseL1({
    rpcUrl: l1RpcUrl,
    config,
    rules: roles.l1.rules,
    deployer,
    onProgress: (step) => output.progress(`rehearsal on a fork: ${step}`),
  })
}

const transportOf = ({ l1RpcUrl, transport }: L1SideParameters) =>
  transport ?? http(l1RpcUrl, { timeout: RPC_TIMEOUT_MS })

function writerOf(parameters: L1SideParameters, config: DeployConfig) {
  const { deployer, pollMs } = parameters
  return createClient({
    account: deployer,
    chain: bareChain(config.l1.chainId),
    transport: transportOf(parameters),
    pollingInterval: pollMs ?? config.l1.blockTimeSeconds * 500,
    cacheTime: 0,
  })
}

async function openL1Outbox({ folder, reader, deployer, signal, pollMs, config }: Prepared): Promise<Outbox> {
  const store = await openOutboxStore(folder.outbox('l1'))
  const log = createLog('deploy', 'silent')
  const pause = pollMs ?? Math.min(2_000, config.l1.blockTimeSeconds * 250)
  return openOutbox({ client: reader, account: deployer, store, log, signal, pollMs: pause }).catch(
    async (error: unknown) => {
      await store.close()
      throw error
    },
  )
}

async function settledSteps(prepared: Prepared): Promise<Set<string>> {
  if (!existsSync(prepared.folder.outbox('l1'))) return new Set()
  const store = await openOutboxStore(prepared.folder.outbox('l1'))
  const entries = await store.entries().finally(() => store.close())
  return new Set(entries.filter(({ settled }) => settled !== undefined).map(({ key }) => key))
}

/** Sends by the outbox, and tells how far it is. What an earlier run has done is not told again. */
function countedTransact(outbox: Outbox, { plan }: Journal, output: Output) {
  let sent = 0
  const of = plan.length
  const settled = () => plan.filter(({ step }) => outbox.lookup(step)?.settled !== undefined).length
  const transact: Transact = async (step, to, data) => {
    const isNew = outbox.lookup(step)?.settled === undefined
    const reminder = setInterval(() => output.progress(`still waiting for L1 to take ${step}`), REMINDER_MS)
    const receipt = await outbox.send({ key: step, to, data }).finally(() => clearInterval(reminder))
    if (receipt.status !== 'success') throw new TransactionRevertedError(step, receipt.transactionHash)
    if (!isNew) return receipt
    sent++
    const done = settled()
    if (output.json) output.result({ progress: { done, of, step } }, '')
    else output.progress(`${done} of ${of}: ${step}`)
    return receipt
  }
  return { transact, sent: () => sent }
}

import { join } from 'node:path'
import { createPublicClient, http, type PrivateKeyAccount, parseEther, toHex } from 'viem'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { preinstalls } from '../../../chain/generated/addresses.ts'
import { preinstallCodes } from '../../../chain/genesis/preinstalls.ts'
import { exampleRoles } from '../../../services/cli/deploy/exampleRoles.ts'
import { deployFolder } from '../../../services/cli/deploy/journal.ts'
import type { L1SideParameters } from '../../../services/cli/deploy/l1Side.ts'
import type { Output } from '../../../services/cli/output.ts'
import { account, startTestNode, type TestNode } from '../../chain/fixture.ts'

/** An L1 of others: a node with what every public L1 has, and a deployer who has ether on it. */
export async function startForeignL1(
  chainId: number,
  rules: string,
  funded: PrivateKeyAccount[],
): Promise<TestNode> {
  const node = await startTestNode(chainId, ['--hardfork', rules])
  const client = createPublicClient({ transport: http(node.rpcUrl, { retryCount: 0 }) })
  for (const name of ['MultiCall3', 'DeterministicDeploymentProxy'] as const) {
    await anvil(client, 'anvil_setCode', [preinstalls[name], preinstallCodes[name]])
  }
  for (const { address } of funded)
    await anvil(client, 'anvil_setBalance', [address, toHex(parseEther('10'))])
  await anvil(client, 'evm_mine', [])
  return node
}

/** The example that the command prints, on a test chain and with times of a test. */
export function testRoles(
  chainId: number,
  rules: string,
  change: (roles: Record<string, unknown>) => void = () => {},
) {
  const roles = JSON.parse(exampleRoles())
  roles.name = 'a test'
  roles.l1 = { chainId, blockTimeSeconds: 2, rules }
  roles.bridge = { submissionIntervalBlocks: 10, finalizationPeriodSeconds: 241, sequencingWindowBlocks: 60 }
  roles.timelockDelaySeconds = 60
  roles.urls = { l1: 'http://127.0.0.1:1', l2: 'http://127.0.0.1:2' }
  change(roles)
  return JSON.stringify(roles)
}

/** Results and progress as they came. */
export function recordedOutput() {
  const results: Record<string, unknown>[] = []
  const steps: string[] = []
  const output: Output = {
    json: true,
    result: (fields) => void results.push(fields),
    progress: (text) => void steps.push(text),
    frame: () => undefined,
    done: () => {},
  }
  return { output, results, steps }
}

export type Setup = {
  dir: string
  rpcUrl: string
  rolesText: string
  deployer?: PrivateKeyAccount
  signal?: AbortSignal
}

export function parametersOf({ dir, rpcUrl, rolesText, deployer = account(), signal }: Setup) {
  const recorded = recordedOutput()
  const parameters: L1SideParameters = {
    l1RpcUrl: rpcUrl,
    rolesText,
    rolesPath: 'roles.json',
    folder: deployFolder(join(dir, 'network')),
    deployer,
    confirmations: 0,
    output: recorded.output,
    signal: signal ?? new AbortController().signal,
    pollMs: 5,
  }
  return { parameters, ...recorded }
}

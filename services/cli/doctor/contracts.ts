import { openTokenRegistry } from '../../../bridge/registry.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import { optimismPortalAbi } from '../../../chain/generated/opAbi.ts'
import { l1ContractNames, type Manifest } from '../../../chain/manifest.ts'
import { bad, type Finding, ok, warn } from './finding.ts'
import type { Clients } from './nodes.ts'

const neededOnL2 = ['L2CrossDomainMessenger', 'L2StandardBridge', 'L2ToL1MessagePasser', 'L1Block'] as const

/** Contracts stand where the manifest says, know each other, and withdrawals are not paused. */
export async function checkContracts(
  { l1, l2 }: Clients,
  { l1: { contracts } }: Manifest,
): Promise<Finding[]> {
  const missing: string[] = []
  for (const name of l1ContractNames) {
    if (contracts[name] === undefined || (await l1.getCode({ address: contracts[name] })) === undefined) {
      missing.push(`${name} on L1`)
    }
  }
  for (const name of neededOnL2) {
    if ((await l2.getCode({ address: predeploys[name] })) === undefined) missing.push(`${name} on L2`)
  }
  if (missing.includes('Multicall3 on L1') && missing.length === 1) {
    return [
      warn(
        'contracts',
        'L1 has no Multicall3',
        'Steps go one by one, which costs more. Deploy it, if you can.',
      ),
    ]
  }
  if (missing.length > 0) {
    return [bad('contracts', `no code at: ${missing.join(', ')}`, 'Use the manifest of this network.')]
  }
  const portal = { address: contracts.OptimismPortal, abi: optimismPortalAbi } as const
  const [oracle, isPaused] = await Promise.all([
    l1.readContract({ ...portal, functionName: 'l2Oracle' }),
    l1.readContract({ ...portal, functionName: 'paused' }),
  ])
  if (oracle !== contracts.L2OutputOracle) {
    const detail = `the portal goes by the oracle ${oracle}, the manifest names ${contracts.L2OutputOracle}`
    return [bad('contracts', detail, 'Use the manifest of this network.')]
  }
  if (isPaused)
    return [
      warn(
        'contracts',
        'the guardian has paused withdrawals on L1',
        'Nothing is proven or finalised until he ends it.',
      ),
    ]
  return [
    ok(
      'contracts',
      `all ${l1ContractNames.length} of L1 and ${neededOnL2.length} of L2 are there, not paused`,
    ),
  ]
}

export async function checkTokens(clients: Clients, manifest: Manifest): Promise<Finding[]> {
  await openTokenRegistry(clients, { manifest })
  const symbols = manifest.tokens.map(({ symbol }) => symbol)
  return [ok('tokens', symbols.length === 0 ? 'none are bridged' : `${symbols.join(', ')}: both ends agree`)]
}

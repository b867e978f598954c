import type { Address } from 'viem'
import type { DeployConfig } from '../../../chain/deploy/config.ts'
import { deployDepositWithGas } from '../../../chain/deploy/depositWithGas.ts'
import { deployPayoutForwarderFactory } from '../../../chain/deploy/forwarder.ts'
import { deployL2 } from '../../../chain/deploy/l2.ts'
import { ensureIndex, type IndexDefinition } from '../../../chain/deploy/ledger.ts'
import type { DeployClient, Transact } from '../../../chain/deploy/send.ts'
import { checkIdentity } from '../../../chain/identity.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { checkTokens } from '../../../chain/tokens.ts'

export type CompleteNetworkParameters = {
  /** What the engine knows: no L2 contracts yet. */
  manifest: Manifest
  config: DeployConfig
  /** The L1 token behind WBTC, in which the indices pay. */
  wbtc: Address
  indices: readonly Omit<IndexDefinition, 'token'>[]
  /** Of the deployer, who has ether on both. */
  clients: { l1: DeployClient; l2: DeployClient }
  /** For L1, if not at once and without remembering. */
  transact?: Transact
  onProgress: (step: string) => void
}

export const wbtcToken = (l1: Address) => ({ symbol: 'WBTC', name: 'Wrapped BTC', decimals: 8, l1 })

/** Brings to L2 what genesis does not hold, and answers the complete manifest. Looks first, so it may run at any time. */
export async function completeNetwork(parameters: CompleteNetworkParameters): Promise<Manifest> {
  const { manifest, config, wbtc, indices, clients, transact, onProgress } = parameters
  const token = wbtcToken(wbtc)
  const deployed = await deployL2(clients.l2, { config, tokens: [token], onProgress })
  const pairs = deployed.tokens.map((address) => ({ ...token, l2: address }))
  const factory = {
    bridge: manifest.l1.contracts.L1StandardBridge,
    pairs: pairs.map((pair) => ({ l1Token: pair.l1, l2Token: pair.l2 })),
  }
  const payoutForwarderFactory = await deployPayoutForwarderFactory(clients.l1, factory, transact)
  const depositWithGas = await deployDepositWithGas(clients.l1, { payoutForwarderFactory }, transact)
  onProgress('L2: indices of the ledger')
  const registered: Manifest['indices'] = []
  for (const index of indices) {
    const payment = pairs[0]?.l2 ?? wbtc
    const id = await ensureIndex(clients.l2, { ...index, token: payment })
    registered.push({ id, name: index.name, network: index.network, token: payment })
  }
  const complete = {
    ...manifest,
    l1: { ...manifest.l1, payoutForwarderFactory, depositWithGas },
    l2: { ...manifest.l2, contracts: deployed.contracts },
    feeds: deployed.feeds,
    tokens: pairs,
    indices: registered,
  }
  await checkIdentity(clients, complete)
  await checkTokens(clients, complete.tokens)
  return complete
}

import { createClient, http, parseEther } from 'viem'
import { depositEtherCall } from '../../../bridge/actions.ts'
import { l1Chain, l2Chain } from '../../../chain/chains.ts'
import { deployPayoutForwarderFactory } from '../../../chain/deploy/forwarder.ts'
import { deployL2 } from '../../../chain/deploy/l2.ts'
import { ensureIndex } from '../../../chain/deploy/ledger.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import { checkIdentity } from '../../../chain/identity.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { checkTokens } from '../../../chain/tokens.ts'
import type { Keys, Role } from '../../runtime/keys.ts'
import { clientsOf } from '../clients.ts'
import type { Output } from '../output.ts'
import { waitFor } from '../wait.ts'
import { openWallet } from '../wallet.ts'
import { deployConfig, networkId, networkOf } from './network.ts'
import type { Profile, StateFolder } from './profile.ts'

/** Who needs ether on L2, where nobody is given any: the deployer, the relayer, and the test accounts. */
const travellers = ['deployer', 'relayer', 'user', 'miner', 'buyer', 'lp'] as const satisfies readonly Role[]
const travelMoney = parseEther('100')
const enough = parseEther('1')

export type FinishDeploymentParameters = {
  /** What the engine knows: no L2 contracts yet. */
  manifest: Manifest
  /** The L1 token behind WBTC. */
  wbtc: Manifest['tokens'][number]['l1']
  keys: Keys
  profile: Profile
  folder: StateFolder
  output: Output
}

/** Brings to L2 what genesis does not hold, and answers the complete manifest. Looks first, so any start may run it. */
export async function finishDeployment(parameters: FinishDeploymentParameters): Promise<Manifest> {
  const { manifest, wbtc, keys, profile, output } = parameters
  const onProgress = (step: string) => output.progress(step)
  const config = deployConfig(profile, keys)
  const [l1, l2] = deployers(manifest, keys)

  await bringEther(parameters)
  const token = { symbol: 'WBTC', name: 'Wrapped BTC', decimals: 8, l1: wbtc }
  const deployed = await deployL2(l2, { config, tokens: [token], onProgress })
  const pairs = deployed.tokens.map((address) => ({ ...token, l2: address }))
  const payoutForwarderFactory = await deployPayoutForwarderFactory(l1, {
    bridge: manifest.l1.contracts.L1StandardBridge,
    pairs: pairs.map((pair) => ({ l1Token: pair.l1, l2Token: pair.l2 })),
  })
  onProgress('L2: indices of the ledger')
  const complete = {
    ...manifest,
    l1: { ...manifest.l1, payoutForwarderFactory },
    l2: { ...manifest.l2, contracts: deployed.contracts },
    tokens: pairs,
    indices: await registerIndices(l2, profile, pairs[0]?.l2 ?? wbtc),
  }
  await checkIdentity({ l1, l2 }, complete)
  await checkTokens({ l1, l2 }, complete.tokens)
  return complete
}

function deployers(manifest: Manifest, keys: Keys) {
  const settings = { account: keys.deployer, pollingInterval: 100 }
  return [
    createClient({ ...settings, chain: l1Chain(manifest), transport: http(manifest.l1.rpcUrl) }),
    createClient({ ...settings, chain: l2Chain(manifest), transport: http(manifest.l2.rpcUrl) }),
  ] as const
}

/** Each of them deposits once: the outbox remembers, however often a start is cut off. */
async function bringEther({ manifest, keys, folder, output }: FinishDeploymentParameters): Promise<void> {
  const { l1, l2 } = clientsOf(manifest)
  const balance = (role: Role) => l2.getBalance({ address: keys[role].address })
  const poor: Role[] = []
  for (const role of travellers) if ((await balance(role)) < enough) poor.push(role)
  if (poor.length === 0) return

  output.progress('L2: ether for the deployer and the test accounts')
  await Promise.all(
    poor.map(async (role) => {
      const account = keys[role]
      const outbox = await openWallet({ folder, name: role, side: 'l1', client: l1, account })
      try {
        const call = depositEtherCall({ manifest, amount: travelMoney, to: account.address })
        await outbox.send({ key: 'travel-money', ...call })
      } finally {
        await outbox.close()
      }
    }),
  )
  await Promise.all(
    poor.map((role) =>
      waitFor({
        what: `the ether of ${role} to arrive on L2`,
        seconds: 60,
        remedy: 'Its deposit is on L1; see the log of the sequencer.',
        look: async () => ((await balance(role)) >= enough ? true : undefined),
      }),
    ),
  )
}

async function registerIndices(
  l2: ReturnType<typeof deployers>[1],
  profile: Profile,
  token: Manifest['tokens'][number]['l2'],
): Promise<Manifest['indices']> {
  const network = networkOf(profile)
  const indices: Manifest['indices'] = []
  for (const { name, caps } of network.indices) {
    const id = await ensureIndex(l2, {
      name,
      unit: network.unit,
      token,
      source: hashsandPredeploys.RewardIndex,
      network: networkId,
      firstEpoch: network.firstDay,
      tick: network.tick,
      caps,
    })
    indices.push({ id, name, network: networkId, token })
  }
  return indices
}

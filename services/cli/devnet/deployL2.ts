import { createClient, http, parseEther } from 'viem'
import { depositEtherCall } from '../../../bridge/actions.ts'
import { l1Chain, l2Chain } from '../../../chain/chains.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { Keys, Role } from '../../runtime/keys.ts'
import { clientsOf } from '../clients.ts'
import { type CompleteNetworkParameters, completeNetwork } from '../deploy/completeNetwork.ts'
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
  const [l1, l2] = deployers(manifest, keys)
  await bringEther(parameters)
  return completeNetwork({
    manifest,
    config: await deployConfig(profile, keys),
    wbtc,
    indices: indicesOf(profile),
    clients: { l1, l2 },
    onProgress: (step) => output.progress(step),
  })
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

function indicesOf(profile: Profile): CompleteNetworkParameters['indices'] {
  const network = networkOf(profile)
  return network.indices.map(({ name, caps }) => ({
    name,
    unit: network.unit,
    source: hashsandPredeploys.RewardIndex,
    network: networkId,
    firstEpoch: network.firstDay,
    tick: network.tick,
    caps,
  }))
}

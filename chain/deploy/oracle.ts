import { ethereumRelay, indexFeed, signerBonds } from '../generated/abi.ts'
import { hashsandPredeploys } from '../generated/addresses.ts'
import { type Create2Deployment, create2Deployment } from './create2.ts'

/** What a feed shows of a network, by the contract's bit mask. */
export const feedComponents = { subsidy: 1, fees: 2, total: 3 } as const
/** In the order of the contract's `Stage`. */
export const feedStages = ['settled', 'provisional'] as const

export type FeedKind = {
  network: number
  component: keyof typeof feedComponents
  stage: (typeof feedStages)[number]
}

const index = hashsandPredeploys.RewardIndex

/** The oracle's contracts beside its predeploys. */
export const oracleDeployments = () => ({
  SignerBonds: create2Deployment(signerBonds, [index]),
  EthereumRelay: create2Deployment(ethereumRelay, [index]),
})

/** As it is called where contracts are listed. */
export const feedName = ({ network, component, stage }: FeedKind): string =>
  `IndexFeed of network ${network}, ${component}, ${stage}`

/** Every feed of the first `count` networks. */
export function feedDeployments(count: number): (FeedKind & { deployment: Create2Deployment })[] {
  const networks = Array.from({ length: count }, (_, position) => position + 1)
  // Safe: the names of the object above.
  const components = Object.keys(feedComponents) as FeedKind['component'][]
  return networks.flatMap((network) =>
    components.flatMap((component) =>
      feedStages.map((stage) => ({
        network,
        component,
        stage,
        deployment: create2Deployment(indexFeed, [
          index,
          network,
          feedComponents[component],
          feedStages.indexOf(stage),
        ]),
      })),
    ),
  )
}

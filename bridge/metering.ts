import type { ContractFunctionReturnType, PublicClient } from 'viem'
import { l1CrossDomainMessengerAbi, optimismPortalAbi, systemConfigAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import type { Relay } from './message.ts'

// What a deposit costs. The gas that it has on L2 is bought on L1, in a market of the portal's own: at most `maxResourceLimit` a block, at a price that
// rises while more than a part of that is bought and falls while less is. Nobody is paid: the portal burns L1 gas worth the price, less what it
// has used itself. So a deposit after a full block takes more than twice the gas of the same one before.

type OnPortal = { manifest: { l1: { contracts: Contracts } } }
type Contracts = Pick<
  Manifest['l1']['contracts'],
  'OptimismPortal' | 'SystemConfig' | 'L1CrossDomainMessenger'
>

/** The portal's market as one L1 block left it. */
export type Metering = {
  /** Wei for a unit of L2 gas, in the block of the last deposit. */
  price: bigint
  /** L2 gas bought in that block. */
  bought: bigint
  blockNumber: bigint
  /** Of that same market; only the system's owner changes them. */
  config: ContractFunctionReturnType<typeof systemConfigAbi, 'view', 'resourceConfig'>
}

export async function readMetering(l1: PublicClient, { manifest }: OnPortal): Promise<Metering> {
  const { OptimismPortal, SystemConfig } = manifest.l1.contracts
  const [[price, bought, blockNumber], config] = await Promise.all([
    l1.readContract({ address: OptimismPortal, abi: optimismPortalAbi, functionName: 'params' }),
    l1.readContract({ address: SystemConfig, abi: systemConfigAbi, functionName: 'resourceConfig' }),
  ])
  return { price, bought, blockNumber, config }
}

/** Wei for a unit of L2 gas in L1 block `blockNumber`, if nobody deposits between the block of the metering and that one. */
export function depositPrice(
  { price, bought, blockNumber: last, config }: Metering,
  blockNumber: bigint,
): bigint {
  const blocks = blockNumber - last
  if (blocks <= 0n) return price
  const target = BigInt(config.maxResourceLimit) / BigInt(config.elasticityMultiplier)
  const denominator = BigInt(config.baseFeeMaxChangeDenominator)
  const clamp = (value: bigint) => between(BigInt(config.minimumBaseFee), value, config.maximumBaseFee)
  let next = clamp(price + (price * (bought - target)) / (target * denominator))
  // Every block without a deposit takes its part. The contract computes the power in fixed point: the last digits may differ.
  for (let left = blocks - 1n; left > 0n && next > BigInt(config.minimumBaseFee); left--) {
    next = clamp((next * (denominator - 1n)) / denominator)
  }
  return next
}

/** How much the price can rise from one block to the next: after one in which all was bought. In thousandths. */
export function steepestRisePermille({
  elasticityMultiplier,
  baseFeeMaxChangeDenominator,
}: Metering['config']): bigint {
  return 1_000n + (1_000n * BigInt(elasticityMultiplier - 1)) / BigInt(baseFeeMaxChangeDenominator)
}

const gwei = 1_000_000_000n

/** The L1 gas that buying `gas` of L2 burns, what the portal does itself included. `l1BaseFee` is that of the block. */
export function burnedGas({
  gas,
  price,
  l1BaseFee,
}: {
  gas: bigint
  price: bigint
  l1BaseFee: bigint
}): bigint {
  return (gas * price) / (l1BaseFee > gwei ? l1BaseFee : gwei)
}

/** The L2 gas that the messenger buys for a message. */
export function messageGas(
  l1: PublicClient,
  { manifest, message, minGasLimit }: OnPortal & Pick<Relay, 'message'> & { minGasLimit: number },
): Promise<bigint> {
  return l1.readContract({
    address: manifest.l1.contracts.L1CrossDomainMessenger,
    abi: l1CrossDomainMessengerAbi,
    functionName: 'baseGas',
    args: [message, minGasLimit],
  })
}

function between(least: bigint, value: bigint, most: bigint): bigint {
  if (value < least) return least
  return value > most ? most : value
}

import type { Address, Hash } from 'viem'
import type { l1ContractNames } from '../manifest.ts'

/** What settles the days of a network, in the order of the contract's `NetworkClass`. */
export const networkClasses = ['attested', 'proven', 'checked'] as const

export type NetworkClass = (typeof networkClasses)[number]

/** One network of the RewardIndex predeploy, in the order of its constructor. */
export type NetworkConfig = {
  name: string
  unit: string
  class: NetworkClass
  /** The work that one unit does in an epoch: 86,400 × 10^15 hashes for 1 PH/s. */
  unitWork: bigint
  /** Who proves the days; the zero address on an attested network. */
  prover: Address
  /** Of the network whose prover is the BitcoinRelay predeploy: the chain that it follows. */
  bitcoin?: BitcoinTerms
  /** Who may void a day of an attested network; the zero address for nobody. */
  challenger: Address
  firstDay: number
  disputeSeconds: number
  /** f: 3f + 1 signers, 2f + 1 of them make a quorum. */
  faultTolerance: number
  signers: readonly Address[]
}

/** What the BitcoinRelay predeploy is constructed with, beside the network that it proves. */
export type BitcoinTerms = {
  /** The easiest target, compact. */
  powLimitBits: number
  /** All blocks have the bits of the genesis, as in regtest. */
  noRetarget: boolean
  /** In blocks. */
  halvingInterval: number
  /** How far a block's time may be ahead of L2's. */
  maxSecondsAhead: number
  /** The block that the chain is trusted to contain, of a day before the network's first. */
  genesis: {
    hash: Hash
    height: number
    /** Up to and including this block. */
    chainwork: bigint
    bits: number
    /** Time of the first block of its difficulty epoch. */
    epochStart: number
    /** Of the block and its ten predecessors, oldest first. */
    times: readonly number[]
  }
}

/** Everything that is decided when a chain is made. */
export type DeployConfig = {
  l1: { chainId: number; blockTimeSeconds: number }
  l2: { chainId: number; blockTimeSeconds: number }
  bridge: {
    submissionIntervalBlocks: number
    finalizationPeriodSeconds: number
    /** In L1 blocks. */
    sequencingWindowBlocks: number
    /**
     * How far in the past the oracle's schedule begins. The oracle takes a root only when its block is due; on engine
     * anvil L2 has blocks beside the schedule, so it needs room. 0 where block n really comes at its time.
     */
    scheduleHeadStartSeconds: number
    /** How long the operator proposes no output before others may. Absent: an hour. */
    silenceSeconds?: number
    /** What others stake on an output. Absent: 1 ether. */
    outputBondGwei?: number
  }
  /** One address each. */
  roles: {
    proposer: Address
    challenger: Address
    guardian: Address
    batcher: Address
    unsafeBlockSigner: Address
    /** Proposes to both timelocks; anyone may execute once the delay is over. */
    governor: Address
  }
  timelockDelaySeconds: number
  /** Both 0 on engine anvil: with others its eth_call fails for callers without ether. At most `maxFeeScalars`. */
  feeScalars: FeeScalars
  clock: { firstEpoch: number; start: number; epochSeconds: number }
  networks: readonly NetworkConfig[]
  /** How many of the 2,048 predeploy proxies genesis holds: all of them, or those up to the last in use. */
  predeployProxies: 'trimmed' | 'full'
  /** The L1 token behind WBTC on L2. Absent: a test token with a faucet is deployed. */
  wbtc?: Address
  /** The L1 is a test node of ours: its missing Multicall3 is put there, and these get test ether. */
  testL1?: { funded: readonly Address[] }
}

/** What who runs the chain must know of it. A manifest says it too. */
export type ChainTerms = Pick<DeployConfig, 'l1' | 'l2'> & {
  bridge: Pick<DeployConfig['bridge'], 'sequencingWindowBlocks'>
}

export type FeeScalars = { baseFee: number; blobBaseFee: number }

/** Both are `uint32`, and GasPriceOracle multiplies the base fee scalar by 16 as such: above that it reverts, and no wallet can tell a fee. */
export const maxFeeScalars: FeeScalars = { baseFee: 2 ** 28 - 1, blobBaseFee: 2 ** 32 - 1 }

export type L1ContractName = (typeof l1ContractNames)[number]
export type L1Contracts = Record<L1ContractName, Address>

export type L1Deployment = {
  genesisHash: Hash
  contracts: L1Contracts
  wbtc: Address
  /** The L1 origin of the first L2 block: the newest block after the deployment. */
  startBlock: { number: number; hash: Hash }
}

/** What an engine knows about the chains it runs: the engine's share of the manifest. */
export type Deployment = {
  l1: L1Deployment
  /** Hash of block 0. */
  l2: { genesisHash: Hash; timelock: Address }
}

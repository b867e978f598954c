import { type Address, concat, type Hash, type Hex, pad, toHex } from 'viem'
import type { DeployConfig, Deployment } from '../deploy/config.ts'
import { batchInbox, L2_GAS_LIMIT } from '../deploy/l1.ts'
import { predeploys } from '../generated/addresses.ts'
import type { GenesisAccounts } from './account.ts'

// The files that op-geth and op-node start from. Whoever has them derives the chain from L1 alone.

const GENESIS_BASE_FEE = 1_000_000_000
/** Elasticity and denominators of OP chains. op-geth and op-node must agree, or their blocks differ. */
const feeMarket = { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 }
/** op-node wants both fields and uses neither: Fjord and Granite fixed them. */
const MAX_SEQUENCER_DRIFT_SECONDS = 1_800
const CHANNEL_TIMEOUT_BLOCKS = 50

/** `timestamp`: that of the L1 block from which L2 starts. */
export function gethGenesis(accounts: GenesisAccounts, config: DeployConfig, timestamp: number) {
  return {
    config: {
      chainId: config.l2.chainId,
      ...blockForks,
      ...{ terminalTotalDifficulty: 0, terminalTotalDifficultyPassed: true },
      // The contracts are good up to Granite.
      ...{ bedrockBlock: 0, regolithTime: 0, canyonTime: 0, ecotoneTime: 0, fjordTime: 0, graniteTime: 0 },
      ...{ shanghaiTime: 0, cancunTime: 0 },
      optimism: feeMarket,
    },
    nonce: '0x0',
    timestamp: toHex(timestamp),
    extraData: '0x',
    gasLimit: toHex(L2_GAS_LIMIT),
    difficulty: '0x0',
    mixHash: toHex(0, { size: 32 }),
    coinbase: predeploys.SequencerFeeVault,
    number: '0x0',
    gasUsed: '0x0',
    parentHash: toHex(0, { size: 32 }),
    baseFeePerGas: toHex(GENESIS_BASE_FEE),
    excessBlobGas: '0x0',
    blobGasUsed: '0x0',
    alloc: allocations(accounts),
  }
}

const blockForks = {
  homesteadBlock: 0,
  eip150Block: 0,
  eip155Block: 0,
  eip158Block: 0,
  byzantiumBlock: 0,
  constantinopleBlock: 0,
  petersburgBlock: 0,
  istanbulBlock: 0,
  muirGlacierBlock: 0,
  berlinBlock: 0,
  londonBlock: 0,
  arrowGlacierBlock: 0,
  grayGlacierBlock: 0,
  mergeNetsplitBlock: 0,
}

type Allocation = { balance: Hex; nonce?: Hex; code?: Hex; storage?: Record<Hex, Hex> }

function allocations(accounts: GenesisAccounts): Record<Address, Allocation> {
  // Sorted, so that the same chain gives the same file.
  const sorted = [...accounts].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
  return Object.fromEntries(
    sorted.map(([address, { balance = 0n, nonce, code, storage }]) => [
      address.toLowerCase(),
      {
        balance: toHex(balance),
        ...(nonce === undefined ? {} : { nonce: toHex(nonce) }),
        ...(code === undefined ? {} : { code }),
        ...(storage === undefined || Object.keys(storage).length === 0 ? {} : { storage }),
      },
    ]),
  )
}

/** op-node's `rollup.json`. `l2Time` is the timestamp of both genesis blocks. */
export function rollupConfig(config: DeployConfig, deployment: Deployment, l2Time: number) {
  const { l1, l2 } = deployment
  return {
    genesis: {
      l1: { hash: l1.startBlock.hash, number: l1.startBlock.number },
      l2: { hash: l2.genesisHash, number: 0 },
      l2_time: l2Time,
      system_config: {
        batcherAddr: config.roles.batcher,
        overhead: pad('0x'),
        scalar: feeScalar(config.feeScalars),
        gasLimit: Number(L2_GAS_LIMIT),
      },
    },
    block_time: config.l2.blockTimeSeconds,
    max_sequencer_drift: MAX_SEQUENCER_DRIFT_SECONDS,
    seq_window_size: config.bridge.sequencingWindowBlocks,
    channel_timeout: CHANNEL_TIMEOUT_BLOCKS,
    l1_chain_id: config.l1.chainId,
    l2_chain_id: config.l2.chainId,
    ...{ regolith_time: 0, canyon_time: 0, delta_time: 0, ecotone_time: 0, fjord_time: 0, granite_time: 0 },
    batch_inbox_address: batchInbox(config.l2.chainId),
    deposit_contract_address: l1.contracts.OptimismPortal,
    l1_system_config_address: l1.contracts.SystemConfig,
    chain_op_config: feeMarket,
  }
}

/** As SystemConfig stores it since Ecotone: a version byte, then both scalars in the last eight bytes. */
function feeScalar({ baseFee, blobBaseFee }: DeployConfig['feeScalars']): Hash {
  return concat([toHex(1, { size: 1 }), toHex((BigInt(blobBaseFee) << 32n) | BigInt(baseFee), { size: 31 })])
}

/** The newest rules of an L1 that is known only by its RPC. */
export type L1Rules = 'cancun' | 'prague' | 'osaka'

/** Blob prices by fork, as Ethereum has them: target, maximum and update fraction. */
const blobSchedule = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
}
const rulesInOrder = ['cancun', 'prague', 'osaka'] as const

/** What op-node must know of an L1 that has followed `rules` since its first block. */
export function l1ChainConfig(chainId: number, rules: L1Rules) {
  const active = rulesInOrder.slice(0, rulesInOrder.indexOf(rules) + 1)
  return {
    chainId,
    ...blockForks,
    terminalTotalDifficulty: 0,
    shanghaiTime: 0,
    ...Object.fromEntries(active.map((fork) => [`${fork}Time`, 0])),
    blobSchedule: Object.fromEntries(active.map((fork) => [fork, blobSchedule[fork]])),
  }
}

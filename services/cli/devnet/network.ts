import { zeroAddress } from 'viem'
import type { DeployConfig } from '../../../chain/deploy/config.ts'
import type { AnvilEngine, OpStackEngine } from '../../../chain/engine/engine.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import {
  type NetworkParameters,
  replayNetwork,
  simulatorNetwork,
  simulatorTerms,
} from '../../../oracle/developmentNetworks.ts'
import { type Keys, roles } from '../../runtime/keys.ts'
import type { Ports, Profile } from './profile.ts'

const l1ChainId = 900
const l2ChainId = 901
/** The oracle's number of the only network of a development chain. */
export const networkId = 1
/** Blocks of the embedded L2 come as they are needed, ahead of the oracle's schedule of one a second. */
const scheduleHeadStartSeconds = 10_000_000

export const networkOf = ({ source }: Profile): NetworkParameters =>
  source === 'replay' ? replayNetwork() : simulatorNetwork()

/** The sequencer proposes when somebody withdraws; when that has not been for so long, others may. */
const silenceSeconds = 60

/** The deployment that a profile stands for. The same profile and keys give the same one at every start. */
export async function deployConfig(profile: Profile, keys: Keys): Promise<DeployConfig> {
  const network = networkOf(profile)
  const isProven = profile.class === 'proven'
  return {
    l1: { chainId: l1ChainId, blockTimeSeconds: profile.l1BlockSeconds },
    l2: { chainId: l2ChainId, blockTimeSeconds: profile.l2BlockSeconds },
    bridge: {
      submissionIntervalBlocks: profile.submissionIntervalBlocks,
      finalizationPeriodSeconds: profile.finalizationPeriodSeconds,
      sequencingWindowBlocks: profile.sequencingWindowBlocks,
      scheduleHeadStartSeconds: profile.engine === 'anvil' ? scheduleHeadStartSeconds : 0,
      silenceSeconds,
    },
    roles: {
      proposer: keys.proposer.address,
      challenger: keys.challenger.address,
      guardian: keys.guardian.address,
      batcher: keys.batcher.address,
      unsafeBlockSigner: keys.batcher.address,
      governor: keys.deployer.address,
    },
    timelockDelaySeconds: profile.timelockSeconds,
    feeScalars: { baseFee: 0, blobBaseFee: 0 },
    clock: { firstEpoch: network.firstDay, start: profile.clockStart, epochSeconds: profile.epochSeconds },
    networks: [
      {
        name: network.name,
        unit: network.unit,
        class: profile.class,
        unitWork: network.unitWork,
        prover: isProven ? hashsandPredeploys.BitcoinRelay : zeroAddress,
        ...(isProven ? { bitcoin: await simulatorTerms() } : {}),
        challenger: zeroAddress,
        firstDay: network.firstDay,
        disputeSeconds: profile.disputeSeconds,
        faultTolerance: 1,
        signers: [keys.oracle0, keys.oracle1, keys.oracle2, keys.oracle3].map(({ address }) => address),
      },
    ],
    // anvil pays for each account with every block; the real engine does not.
    predeployProxies: profile.engine === 'anvil' ? 'trimmed' : 'full',
    testL1: { funded: roles.map((role) => keys[role].address) },
  }
}

/** What is known before L2 has its contracts: enough for the sequencer. */
export function firstManifest(profile: Profile, ports: Ports, engine: AnvilEngine | OpStackEngine): Manifest {
  const { l1, l2 } = engine.deployment
  const network = networkOf(profile)
  const local = (port: number) => `http://127.0.0.1:${port}`
  return {
    version: 1,
    name: 'hashsand-dev',
    engine: profile.engine,
    l1: {
      chainId: l1ChainId,
      rpcUrl: engine.l1RpcUrl,
      genesisHash: l1.genesisHash,
      blockTimeSeconds: profile.l1BlockSeconds,
      startBlock: l1.startBlock,
      contracts: l1.contracts,
    },
    l2: {
      chainId: l2ChainId,
      rpcUrl: local(ports.l2),
      genesisHash: l2.genesisHash,
      blockTimeSeconds: profile.l2BlockSeconds,
    },
    ...('opStack' in engine ? { opStack: engine.opStack } : {}),
    bridge: {
      submissionIntervalBlocks: profile.submissionIntervalBlocks,
      finalizationPeriodSeconds: profile.finalizationPeriodSeconds,
      sequencingWindowBlocks: profile.sequencingWindowBlocks,
    },
    tokens: [],
    networks: [
      {
        id: networkId,
        name: network.name,
        unit: network.unit,
        unitWork: network.unitWork.toString(),
        source: network.source,
      },
    ],
    indices: [],
    services: {
      sequencer: local(ports.sequencer),
      relayer: local(ports.relayer),
      api: local(ports.api),
      // It needs a replica.
      ...('opStack' in engine ? { watcher: local(ports.watcher) } : {}),
    },
  }
}

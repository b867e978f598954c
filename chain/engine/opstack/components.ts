import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Address, Hash, Hex } from 'viem'
import { getBlock } from 'viem/actions'
import type { OpStackBuild, ProgramName } from '../../opstack/build.ts'
import { ComponentStartError, OtherChainError, WrongJwtError } from './errors.ts'
import { jwtToken } from './jwt.ts'
import type { NodePaths, OpStackPaths } from './paths.ts'
import { freePort, lastWords, type Process, startProcess } from './process.ts'
import { opNode, rpc } from './rpc.ts'

/** All that op-geth and op-node are told, whoever runs them. */
export type NodeSetting = {
  paths: NodePaths
  binaries: OpStackBuild['binaries']
  l1: {
    rpcUrl: string
    /** Where blobs are read. Absent: this L1 has none that matter, all batches are calldata. */
    beaconUrl?: string
    /** How op-node fetches receipts: one by one works everywhere, `standard` tries faster ways first. */
    kind: 'basic' | 'standard'
    blockTimeSeconds: number
    isKnown: boolean
  }
  l2: { chainId: number; genesisHash: Hash }
  ports: { l2: number; l2Engine: number; node: number }
}

export type Batches = 'calldata' | 'blobs'

/** The same for an operator, whose components send to L1 too. */
export type Setting = NodeSetting & {
  paths: OpStackPaths
  l2: { sequencingWindowBlocks: number }
  keys: { batcher: Hex; proposer: Hex }
  outputProposer: Address
  /** In what op-batcher puts the batches. Absent: calldata. */
  batches?: Batches
}

const local = (port: number) => `http://127.0.0.1:${port}`
export const l2RpcUrl = ({ ports }: NodeSetting) => local(ports.l2)
export const nodeRpcUrl = ({ ports }: NodeSetting) => local(ports.node)

function common({ paths, binaries }: NodeSetting, name: ProgramName) {
  return { name, binary: binaries[name], dir: paths.dir, logFile: paths.log(name) }
}

/**
 * Proofs are asked for at blocks hours old: nothing is pruned. And LevelDB hands every write to the system at once;
 * Pebble, the default, keeps the last ones in memory, and a killed op-geth forgets a block that users have seen.
 */
export const gethDatabase = [
  ...['--gcmode', 'archive', '--state.scheme', 'hash', '--syncmode', 'full'],
  ...['--db.engine', 'leveldb'],
]

/** Makes the database with block 0 of `genesisFile` in it. Named as op-geth is, so that an orphan of it is found. */
export async function initGeth(
  { paths, binaries }: Pick<NodeSetting, 'paths' | 'binaries'>,
  genesisFile: string,
): Promise<void> {
  const logFile = paths.log('geth')
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const args = ['init', '--state.scheme', 'hash', '--db.engine', 'leveldb', '--datadir', paths.geth]
  const child = spawn(binaries.geth, [...args, genesisFile], {
    argv0: join(resolve(paths.dir), 'geth'),
    env: { HOME: paths.dir },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const outcome = await new Promise<string>((done) => {
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`))
    child.once('error', (error) => done(error.message))
  })
  if (outcome !== 'exit code 0')
    throw new ComponentStartError('geth init', outcome, logFile, lastWords(logFile))
}

export function startGeth(setting: NodeSetting): Promise<Process> {
  const { paths, ports, l2 } = setting
  return startProcess({
    ...common(setting, 'geth'),
    args: [
      ...['--datadir', paths.geth, '--networkid', `${l2.chainId}`],
      ...gethDatabase,
      ...['--nodiscover', '--maxpeers', '0', '--port', '0', '--ipcdisable', '--rollup.disabletxpoolgossip'],
      ...['--http', '--http.addr', '127.0.0.1', '--http.port', `${ports.l2}`],
      ...['--http.api', 'web3,eth,net,txpool'],
      ...['--authrpc.addr', '127.0.0.1', '--authrpc.port', `${ports.l2Engine}`],
      ...['--authrpc.jwtsecret', paths.jwt],
    ],
    healthy: () => isGethHealthy(setting),
  })
}

/** It answers, to op-node too, and is the chain that was deployed. */
async function isGethHealthy(setting: NodeSetting): Promise<boolean> {
  const { paths, l2 } = setting
  const genesis = await getBlock(rpc(l2RpcUrl(setting)), { blockNumber: 0n }).catch(() => undefined)
  if (genesis === undefined) return false
  if (genesis.hash !== l2.genesisHash)
    throw new OtherChainError(paths.geth, String(genesis.hash), l2.genesisHash)

  return isEngineOpen(setting)
}

/** Whether op-geth takes the secret that op-node will come with. */
async function isEngineOpen({ paths, ports }: NodeSetting): Promise<boolean> {
  const url = local(ports.l2Engine)
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${jwtToken(paths.jwt)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }),
  }).catch(() => undefined)
  if (response?.status === 401) throw new WrongJwtError(paths.jwt, url)
  return response?.ok === true
}

/**
 * op-node that makes the blocks. An L1 origin that a killed L1 loses would take acknowledged transactions with it, so
 * it stays one block behind. To recover, it makes the blocks that L1 makes without batches: users' transactions wait.
 */
export function startNode(setting: Setting, isRecovering: boolean): Promise<Process> {
  const role = ['--sequencer.enabled', '--sequencer.l1-confs=1']
  return startAnyNode(setting, isRecovering ? [...role, '--sequencer.recover'] : role)
}

/** op-node that makes none: it derives what L1 says, and nothing else. */
export function startReplicaNode(setting: NodeSetting): Promise<Process> {
  return startAnyNode(setting, [])
}

async function startAnyNode(setting: NodeSetting, role: readonly string[]): Promise<Process> {
  await isEngineOpen(setting)
  const { paths, ports, l1 } = setting
  const client = rpc(nodeRpcUrl(setting))
  return startProcess({
    ...common(setting, 'op-node'),
    args: [
      `--l1.rpckind=${l1.kind}`,
      ...(l1.beaconUrl === undefined ? ['--l1.beacon.ignore=true'] : []),
      ...[`--l1.http-poll-interval=${l1.blockTimeSeconds * 500}ms`],
      // The default of an epoch of Ethereum would make finality look frozen on a fast L1.
      `--l1.epoch-poll-interval=${l1.blockTimeSeconds}s`,
      ...[`--l2=${local(ports.l2Engine)}`, `--l2.jwt-secret=${paths.jwt}`],
      `--rollup.config=${paths.rollup}`,
      ...(l1.isKnown ? [] : [`--rollup.l1-chain-config=${paths.l1ChainConfig}`]),
      ...role,
      '--verifier.l1-confs=0',
      // Replicas follow the safe blocks, by L1 alone.
      '--p2p.disable',
      ...['--rpc.addr=127.0.0.1', `--rpc.port=${ports.node}`, '--log.color=false'],
    ],
    secrets: {
      OP_NODE_L1_ETH_RPC: l1.rpcUrl,
      ...(l1.beaconUrl === undefined ? {} : { OP_NODE_L1_BEACON: l1.beaconUrl }),
    },
    healthy: () =>
      opNode(client, 'optimism_syncStatus', []).then(
        () => true,
        () => false,
      ),
  })
}

/** Of everything that sends to L1: look for receipts at the pace of a fast L1, bump what does not get in. */
const sender = ['--num-confirmations=1', '--txmgr.receipt-query-interval=1s', '--resubmission-timeout=10s']

export async function startBatcher(setting: Setting): Promise<Process> {
  const { l1, l2, keys, batches = 'calldata' } = setting
  const port = await freePort('op-batcher')
  // Channels are closed this many L1 blocks before they would be too late.
  const margin = Math.max(1, Math.min(4, Math.floor(l2.sequencingWindowBlocks / 2)))
  return startProcess({
    ...common(setting, 'op-batcher'),
    args: [
      ...[`--l2-eth-rpc=${l2RpcUrl(setting)}`, `--rollup-rpc=${nodeRpcUrl(setting)}`],
      ...[`--data-availability-type=${batches}`, '--batch-type=1', '--max-channel-duration=1'],
      ...[
        `--sub-safety-margin=${margin}`,
        '--poll-interval=1s',
        '--throttle.unsafe-da-bytes-lower-threshold=0',
      ],
      ...sender,
      ...['--rpc.addr=127.0.0.1', `--rpc.port=${port}`, '--log.color=false'],
    ],
    isStateless: true,
    secrets: { OP_BATCHER_L1_ETH_RPC: l1.rpcUrl, OP_BATCHER_PRIVATE_KEY: keys.batcher },
    healthy: () => answers(port),
  })
}

/** It proposes through our contract, which answers the oracle's questions too. */
export async function startProposer(setting: Setting): Promise<Process> {
  const { l1, keys, outputProposer } = setting
  const port = await freePort('op-proposer')
  return startProcess({
    ...common(setting, 'op-proposer'),
    args: [
      ...[`--rollup-rpc=${nodeRpcUrl(setting)}`, `--l2oo-address=${outputProposer}`],
      // Still only blocks that are safe, that is derivable from L1.
      ...['--poll-interval=1s', '--allow-non-finalized=true'],
      ...sender,
      ...['--rpc.addr=127.0.0.1', `--rpc.port=${port}`, '--log.color=false'],
    ],
    isStateless: true,
    secrets: { OP_PROPOSER_L1_ETH_RPC: l1.rpcUrl, OP_PROPOSER_PRIVATE_KEY: keys.proposer },
    healthy: () => answers(port),
  })
}

function answers(port: number): Promise<boolean> {
  return fetch(`${local(port)}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

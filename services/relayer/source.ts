import { readFileSync } from 'node:fs'
import { type BitcoinChain, mainnet, regtest } from '../../oracle/bitcoinChain.ts'
import { replayFiles } from '../../oracle/developmentNetworks.ts'
import { simulatedChain } from '../../oracle/simulator/chain.ts'
import type { BlockSource, ProofSource } from '../../oracle/sources/blockSource.ts'
import { createMempoolSpaceSource } from '../../oracle/sources/mempoolSpace.ts'
import { createNodeSource, type NodeCredentials } from '../../oracle/sources/node.ts'
import { createReplaySource } from '../../oracle/sources/replay.ts'
import { createSimulatorSource, type SimulatorCheckpoints } from '../../oracle/sources/simulator.ts'
import type { RelayerConfig } from './config.ts'
import { NoSourceError } from './errors.ts'

/** What the sources are made from: settings of the process, its own store, and its end. */
export type SourceParameters = {
  config: RelayerConfig
  checkpoints: SimulatorCheckpoints
  signal: AbortSignal
}

type SourceKind = {
  /** Undefined, with the settings given, means that one is missing. */
  create: (parameters: SourceParameters) => BlockSource | ProofSource | undefined
  /** What to set when it is. */
  needs: string
  /** What a store of its days is bound to, beside its name. */
  identity?: (config: RelayerConfig) => string
}

const simulatorIdentity = ({ HASHSAND_SIMULATOR_SEED: seed }: RelayerConfig) => `simulator with seed ${seed}`

const chains: Record<RelayerConfig['HASHSAND_BITCOIN_CHAIN'], (config: RelayerConfig) => BitcoinChain> = {
  mainnet: () => mainnet,
  regtest: () => regtest,
  simulator: ({ HASHSAND_SIMULATOR_SEED: seed }) => simulatedChain(seed),
}
const chainOf = (config: RelayerConfig) => chains[config.HASHSAND_BITCOIN_CHAIN](config)
const chainIdentity = (config: RelayerConfig) => chainOf(config).name

/** Every source that a node can have. A new one is one entry here. */
const kinds: Record<string, SourceKind> = {
  replay: {
    create: ({ config: { HASHSAND_DATA: data } }) =>
      data === undefined ? undefined : createReplaySource(replayFiles(data)),
    needs: 'set HASHSAND_DATA to the folder of recorded blocks',
  },
  simulator: {
    create: ({ config: { HASHSAND_SIMULATOR_SEED: seed }, checkpoints }) =>
      createSimulatorSource({ seed, checkpoints }),
    needs: '',
    identity: simulatorIdentity,
  },
  node: {
    create: ({ config, signal }) => {
      const { HASHSAND_BITCOIN_URL: url } = config
      const credentials = credentialsOf(config)
      if (url === undefined || credentials === undefined) return undefined
      return createNodeSource({ url, credentials, chain: chainOf(config), signal })
    },
    needs:
      'set HASHSAND_BITCOIN_URL to the RPC of a Bitcoin node, and HASHSAND_BITCOIN_COOKIE to its cookie file or HASHSAND_BITCOIN_USER and HASHSAND_BITCOIN_PASSWORD_FILE',
    identity: chainIdentity,
  },
  'mempool.space': {
    create: ({ config, signal }) => {
      const { HASHSAND_BITCOIN_URL: url, HASHSAND_BITCOIN_EXTRAS: extras } = config
      if (url === undefined) return undefined
      return createMempoolSpaceSource({ url, chain: chainOf(config), hasExtras: extras === '1', signal })
    },
    needs: 'set HASHSAND_BITCOIN_URL to the REST service',
    identity: chainIdentity,
  },
}

export function createSource(kind: string, parameters: SourceParameters): BlockSource | ProofSource {
  const known = kinds[kind]
  const source = known?.create(parameters)
  if (source !== undefined) return source
  throw new NoSourceError(kind, known?.needs ?? `this version knows ${Object.keys(kinds).join(', ')}`)
}

export function sourceIdentity(kind: string, config: RelayerConfig): string {
  const more = kinds[kind]?.identity?.(config)
  return more === undefined || more.startsWith(kind) ? (more ?? kind) : `${kind}, ${more}`
}

function credentialsOf(config: RelayerConfig): NodeCredentials | undefined {
  const { HASHSAND_BITCOIN_COOKIE: cookieFile, HASHSAND_BITCOIN_USER: user } = config
  const { HASHSAND_BITCOIN_PASSWORD_FILE: passwordFile } = config
  if (cookieFile !== undefined) return { cookieFile }
  if (user === undefined || passwordFile === undefined) return undefined
  try {
    return { user, password: readFileSync(passwordFile, 'utf8').trim() }
  } catch {
    throw new NoSourceError('node', `HASHSAND_BITCOIN_PASSWORD_FILE ${passwordFile} can not be read`)
  }
}

import { readFile, rm } from 'node:fs/promises'
import { type Hash, sha256 } from 'viem'
import { getBlock } from 'viem/actions'
import type { DeployConfig, Deployment, L1Deployment } from '../../deploy/config.ts'
import { l2Timelock } from '../../deploy/timelock.ts'
import { buildGenesis } from '../../genesis/genesis.ts'
import { gethGenesis, type L1Rules, l1ChainConfig, rollupConfig } from '../../genesis/geth.ts'
import type { Manifest } from '../../manifest.ts'
import type { OpStackBuild } from '../../opstack/build.ts'
import { replaceFile } from '../anvil/dump.ts'
import { type Stored, writeStored } from '../stored.ts'
import { gethDatabase, initGeth } from './components.ts'
import type { OpStackOptions } from './engine.ts'
import { ensureJwt } from './jwt.ts'
import { deployOn, makeBundledL1 } from './l1.ts'
import type { OpStackPaths } from './paths.ts'
import { startProcess } from './process.ts'
import { rpc } from './rpc.ts'

export type StoredOpStack = Stored & {
  /** Timestamp of both genesis blocks. */
  l2Time: number
}

export type MakeParameters = {
  options: OpStackOptions
  paths: OpStackPaths
  ports: { l1: number; l2: number; l2Engine: number }
}

/** The first start: L1 contracts, L2 genesis, and op-geth's word on what block 0 is called. */
export async function make({ options, paths, ports }: MakeParameters): Promise<StoredOpStack> {
  const { config, onProgress } = options
  await rm(paths.l1.dir, { recursive: true, force: true })
  await rm(paths.geth, { recursive: true, force: true })
  const genesisTime = options.genesisTime ?? Math.floor(Date.now() / 1_000)
  const { l1, l2Time } = await deploy(options, paths, ports.l1, genesisTime)

  const deployment = await makeL2({ config, l1, l2Time, paths, ports, build: options.build, onProgress })
  const stored = { config, genesisTime, l2Time, deployment }
  // Last: its presence says that everything above is on disk.
  await writeStored(paths.deployment, stored)
  return stored
}

export type MakeL2Parameters = {
  config: DeployConfig
  l1: L1Deployment
  /** Timestamp of the L1 block from which L2 starts. */
  l2Time: number
  paths: OpStackPaths
  ports: { l2: number; l2Engine: number }
  build: OpStackBuild
  onProgress?: ((step: string) => void) | undefined
}

/** The L2 of an L1 that is deployed, in a folder that holds none yet. */
export async function makeL2(parameters: MakeL2Parameters): Promise<Deployment> {
  const { config, l1, l2Time, paths, build, onProgress } = parameters
  onProgress?.('L2: genesis')
  const genesis = gethGenesis(await buildGenesis(config, l1.contracts), config, l2Time)
  await replaceFile(paths.genesis, JSON.stringify(genesis))
  await ensureJwt(paths.jwt)
  await initGeth({ paths, binaries: build.binaries }, paths.genesis)
  onProgress?.('L2: what op-geth calls block 0')
  const genesisHash = await askGenesisHash(parameters)
  return { l1, l2: { genesisHash, timelock: l2Timelock(config) } }
}

/** What op-node starts from. It follows from the deployment, so it is written anew at every start. */
export async function writeFiles(
  paths: OpStackPaths,
  { config, deployment, l2Time }: Pick<StoredOpStack, 'config' | 'deployment' | 'l2Time'>,
  rules: L1Rules,
): Promise<void> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  await replaceFile(paths.rollup, json(rollupConfig(config, deployment, l2Time)))
  await replaceFile(paths.l1ChainConfig, json(l1ChainConfig(config.l1.chainId, rules)))
}

/** The engine's share of the manifest. */
export async function opStackOf(
  paths: OpStackPaths,
  { versions }: OpStackBuild,
): Promise<NonNullable<Manifest['opStack']>> {
  return {
    rollupFileHash: sha256(await readFile(paths.rollup)),
    l1ChainConfigHash: sha256(await readFile(paths.l1ChainConfig)),
    versions,
  }
}

function deploy(
  { config, deployer, onProgress, l1 }: OpStackOptions,
  paths: OpStackPaths,
  port: number,
  genesisTime: number,
): Promise<{ l1: L1Deployment; l2Time: number }> {
  const deployTo = (rpcUrl: string) => deployOn({ rpcUrl, config, deployer, onProgress })
  if (l1 !== undefined) return deployTo(l1.rpcUrl)
  return makeBundledL1({ paths, config, port, genesisTime }, deployTo)
}

/** Nobody but op-geth can say it without building its tries: it is asked in a short first life. */
async function askGenesisHash({ build, paths, ports }: MakeL2Parameters): Promise<Hash> {
  const client = rpc(`http://127.0.0.1:${ports.l2}`)
  let hash: Hash | undefined
  const geth = await startProcess({
    name: 'geth',
    binary: build.binaries.geth,
    dir: paths.dir,
    logFile: paths.log('geth'),
    args: [
      ...['--datadir', paths.geth, ...gethDatabase],
      ...['--nodiscover', '--maxpeers', '0', '--port', '0', '--ipcdisable'],
      ...['--http', '--http.addr', '127.0.0.1', '--http.port', `${ports.l2}`],
      ...[
        '--authrpc.addr',
        '127.0.0.1',
        '--authrpc.port',
        `${ports.l2Engine}`,
        '--authrpc.jwtsecret',
        paths.jwt,
      ],
    ],
    healthy: async () => {
      hash = await getBlock(client, { blockNumber: 0n }).then(
        (block) => block.hash,
        () => undefined,
      )
      return hash !== undefined
    },
  })
  await geth.stop()
  // Safe: it was healthy, so it answered.
  return hash as Hash
}

import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Hash } from 'viem'
import { getBlock } from 'viem/actions'
import type { L1Deployment } from '../../deploy/config.ts'
import { l2Timelock } from '../../deploy/timelock.ts'
import { buildGenesis } from '../../genesis/genesis.ts'
import { gethGenesis, l1ChainConfig, rollupConfig } from '../../genesis/geth.ts'
import { replaceFile } from '../anvil/dump.ts'
import { type Stored, writeStored } from '../stored.ts'
import { gethDatabase } from './components.ts'
import type { OpStackOptions } from './engine.ts'
import { ComponentStartError } from './errors.ts'
import { bundledRules, deployOn, type ExternalL1, makeBundledL1 } from './l1.ts'
import type { OpStackPaths } from './paths.ts'
import { lastWords, startProcess } from './process.ts'
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

  onProgress?.('L2: genesis')
  const genesis = gethGenesis(await buildGenesis(config, l1.contracts), config, l2Time)
  await replaceFile(paths.genesis, JSON.stringify(genesis))
  await initGeth(options, paths)
  const genesisHash = await askGenesisHash(options, paths, ports)
  const deployment = { l1, l2: { genesisHash, timelock: l2Timelock(config) } }
  const stored = { config, genesisTime, l2Time, deployment }
  // Last: its presence says that everything above is on disk.
  await writeStored(paths.deployment, stored)
  return stored
}

/** What op-node starts from. It follows from the deployment, so it is written anew at every start. */
export async function writeFiles(
  paths: OpStackPaths,
  { config, deployment, l2Time }: StoredOpStack,
  l1: ExternalL1 | undefined,
): Promise<void> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  const rules = l1?.rules ?? bundledRules
  await replaceFile(paths.rollup, json(rollupConfig(config, deployment, l2Time)))
  await replaceFile(paths.l1ChainConfig, json(l1ChainConfig(config.l1.chainId, rules)))
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

async function initGeth({ build }: OpStackOptions, paths: OpStackPaths): Promise<void> {
  const args = [
    'init',
    '--state.scheme',
    'hash',
    '--db.engine',
    'leveldb',
    '--datadir',
    paths.geth,
    paths.genesis,
  ]
  const logFile = paths.log('geth')
  mkdirSync(dirname(logFile), { recursive: true })
  const note = ({ stderr }: { stderr: string }) => appendFileSync(logFile, stderr)
  try {
    note(await promisify(execFile)(build.binaries.geth, args, { env: { HOME: paths.dir } }))
  } catch (error) {
    if (error instanceof Error && 'stderr' in error) note({ stderr: String(error.stderr) })
    throw new ComponentStartError('geth init', String(error), logFile, lastWords(logFile))
  }
}

/** Nobody but op-geth can say it without building its tries: it is asked in a short first life. */
async function askGenesisHash(
  { build }: OpStackOptions,
  paths: OpStackPaths,
  ports: MakeParameters['ports'],
): Promise<Hash> {
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

import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import type { EngineEvent } from '../../../chain/engine/engine.ts'
import { type NetworkFolder, readNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { startOperator } from '../../../chain/engine/opstack/operator.ts'
import { opStackPaths } from '../../../chain/engine/opstack/paths.ts'
import { readVitals } from '../../../chain/engine/opstack/vitals.ts'
import { buildOpStack } from '../../../chain/opstack/build.ts'
import { readSecrets } from '../../runtime/keys.ts'
import { createLog } from '../../runtime/log.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { cacheFolder, contextOf } from '../context.ts'
import { lockStateFolder } from '../devnet/lock.ts'
import { tellEvent } from '../engineEvents.ts'
import { registerErrands } from '../operator/errands.ts'
import { createMetrics, serveMetrics } from '../operator/metrics.ts'
import type { Output } from '../output.ts'

type Options = {
  network: string
  l1: string
  keys: string
  passwordFile?: string
  data: string
  basePort: number
  metricsPort?: number
  beacon?: string
  batches: 'calldata' | 'blobs'
}

export function registerOperator(program: Command): void {
  const operator = program.command('operator').description('run the chain of a network folder on its L1')
  registerErrands(operator)
  operator
    .command('build')
    .description('build the programs of the OP Stack, or see that they are there; afterwards no Go is needed')
    .action(async (_options: object, command: Command) => {
      const { output } = contextOf(command)
      const onProgress = (step: string) => output.progress(step)
      const cacheDir = cacheFolder()
      const { versions } = await buildOpStack({ cacheDir, environment: process.env, onProgress })
      const lines = Object.entries(versions).map(([name, version]) => `${name.padEnd(12)} ${version}`)
      output.result({ versions, cache: cacheDir }, lines.join('\n'))
    })

  operator
    .command('up')
    .description(
      'start op-geth, op-node, op-batcher and op-proposer and keep them alive; Ctrl-C ends it, and the next start goes on',
    )
    .requiredOption('--network <folder>', 'the network folder')
    .addOption(
      new Option('--l1 <url>', 'RPC of L1; keep a token out of sight with HASHSAND_L1_RPC instead')
        .env('HASHSAND_L1_RPC')
        .makeOptionMandatory(),
    )
    .requiredOption('--keys <folder>', 'keystores of the roles batcher and proposer')
    .option('--password-file <file>', 'the file `password` in that folder if absent')
    .requiredOption('--data <folder>', "the chain's own folder")
    .option(
      '--base-port <port>',
      'port of the L2 RPC; the engine API lies 1 above it, op-node 5; all of them on this machine alone',
      parsePort,
      9_545,
    )
    .option(
      '--metrics-port <port>',
      'port of /metrics for Prometheus, on this machine alone; 3 above the base port if absent',
      parsePort,
    )
    .addOption(
      new Option('--beacon <url>', 'beacon node of L1, from which blobs are read').env('HASHSAND_BEACON'),
    )
    .option('--batches <kind>', 'calldata, or blob, which needs --beacon', parseBatches, 'calldata')
    .action(async (options: Options, command: Command) => {
      await runOperator(contextOf(command).output, options)
    })
}

async function runOperator(output: Output, options: Options): Promise<void> {
  const signal = stopSignal()
  const tell = openTell(output)
  const network = await readNetworkFolder(options.network)
  const { passwordFile } = options
  const keys = await readSecrets(options.keys, ['batcher', 'proposer'], { passwordFile })
  const build = await buildOpStack({
    cacheDir: cacheFolder(),
    environment: process.env,
    onProgress: tell.progress,
  })
  await mkdir(options.data, { recursive: true })
  const lock = await lockStateFolder(options.data)
  const metrics = metricsOf(options, network, keys)
  const served = await serveMetrics(metrics, portsOf(options).metrics).catch(async (error: unknown) => {
    await lock.release()
    throw error
  })
  try {
    const { beacon } = options
    const operator = await startOperator({
      dir: options.data,
      network,
      l1RpcUrl: options.l1,
      ...(beacon === undefined ? {} : { beaconUrl: beacon }),
      batches: options.batches,
      keys,
      ports: portsOf(options),
      build,
      onProgress: tell.progress,
      onEvent: (event) => {
        metrics.count(event)
        tell.event(event)
      },
    })
    try {
      const { l2RpcUrl, nodeRpcUrl } = operator
      tell.up({ network: network.manifest.name, l2RpcUrl, nodeRpcUrl, metricsUrl: served.url })
      const failed = operator.exited.then((error): never => {
        throw error
      })
      await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), failed])
    } finally {
      tell.progress('stopping …')
      await operator.stop()
      output.done()
    }
  } finally {
    await served.close()
    await lock.release()
  }
}

function portsOf({ basePort, metricsPort = basePort + 3 }: Options) {
  return { l2: basePort, l2Engine: basePort + 1, metrics: metricsPort, node: basePort + 5 }
}

/** Read from outside of the programs, so that they tell of a start that takes hours too. */
function metricsOf(options: Options, network: NetworkFolder, keys: Record<'batcher' | 'proposer', Hex>) {
  const [batcher, proposer] = [privateKeyToAddress(keys.batcher), privateKeyToAddress(keys.proposer)]
  const vitals = {
    l1RpcUrl: options.l1,
    nodeRpcUrl: `http://127.0.0.1:${portsOf(options).node}`,
    addresses: { batcher, proposer },
    folder: opStackPaths(options.data).geth,
  }
  const { sequencingWindowBlocks } = network.manifest.bridge
  return createMetrics({ look: () => readVitals(vitals), sequencingWindowBlocks })
}

/** With `--json` one log line an event, as a service writes them; words for a person otherwise. */
function openTell(output: Output) {
  const log = output.json ? createLog('operator') : undefined
  return {
    progress: (step: string) =>
      log === undefined ? output.progress(step) : log.info({ step }, 'operator.step'),
    event: (event: EngineEvent) => {
      if (log === undefined) return tellEvent(output, event)
      const { severity, what, component, detail } = event
      const fields = { severity, what, ...(component === undefined ? {} : { component }), detail }
      if (severity === 'page') log.error(fields, 'operator.event')
      else log.warn(fields, 'operator.event')
    },
    up: (urls: { network: string; l2RpcUrl: string; nodeRpcUrl: string; metricsUrl: string }) => {
      if (log !== undefined) return log.info({ up: true, ...urls }, 'operator.up')
      output.result(
        { up: true, ...urls },
        `${urls.network} is up: L2 at ${urls.l2RpcUrl}, op-node at ${urls.nodeRpcUrl}, metrics at ${urls.metricsUrl}/metrics. Ctrl-C ends it.`,
      )
    },
  }
}

function parsePort(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1_024 && value <= 65_000) return value
  throw new InvalidArgumentError('A port between 1024 and 65000 is needed.')
}

function parseBatches(text: string): 'calldata' | 'blobs' {
  if (text === 'calldata') return text
  if (text === 'blob' || text === 'blobs') return 'blobs'
  throw new InvalidArgumentError('It is either calldata or blob.')
}

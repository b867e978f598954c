import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import { readNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { runningReplica } from '../../../chain/engine/opstack/replica.ts'
import { BaseError } from '../../../chain/errors.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { contextOf } from '../context.ts'
import { NoReplicaHereError } from '../errors.ts'
import { describe, fieldsOf, lookAtReplica } from '../replica/look.ts'
import { followUntilLevel, type RunningReplica, replicaUp } from '../replica/up.ts'

type UpOptions = { network: string; l1: string; data: string; basePort: number; beacon?: string }

export function registerReplica(program: Command): void {
  const replica = program.command('replica').description("the network's L2, derived from L1 by yourself")

  replica
    .command('up')
    .description('start it, or go on where it was; Ctrl-C ends it')
    .requiredOption('--network <folder>', 'network folder, as its operator publishes it')
    .addOption(
      new Option('--l1 <url>', 'RPC of the L1; keep a token out of sight with HASHSAND_L1_RPC instead')
        .env('HASHSAND_L1_RPC')
        .makeOptionMandatory()
        .argParser(parseUrl),
    )
    .requiredOption('--data <folder>', 'folder of this replica')
    .option(
      '--base-port <port>',
      'RPC of L2; op-node, health and engine lie 1 to 3 above it',
      parsePort,
      10_545,
    )
    .addOption(
      new Option('--beacon <url>', 'beacon node of the L1, needed where batches are blobs')
        .env('HASHSAND_BEACON')
        .argParser(parseUrl),
    )
    .action(up)

  replica
    .command('status')
    .description('how far behind it is')
    .requiredOption('--data <folder>', 'folder of the replica')
    .option('--watch', 'again every two seconds until Ctrl-C')
    .action(status)
}

async function up(options: UpOptions, command: Command): Promise<void> {
  const { output } = contextOf(command)
  const signal = stopSignal()
  const data = resolve(options.data)
  const running = await replicaUp({ ...options, network: resolve(options.network), data, output, signal })
  const failed = running.replica.exited.then((error): never => {
    throw error
  })
  failed.catch(() => {})
  try {
    await Promise.race([followUntilLevel(running, { data, output, signal }), failed])
    if (signal.aborted) return
    const page = upPage(running, data)
    output.result(page.fields, page.text)
    await Promise.race([once(signal, 'abort'), failed])
  } finally {
    output.progress('stopping …')
    await running.stop()
    output.done()
  }
}

/** What a user needs in front of him. */
function upPage({ network, replica, healthUrl }: RunningReplica, data: string) {
  const { manifest } = network
  const rows = {
    [`L2 (chain ${manifest.l2.chainId})`]: replica.l2RpcUrl,
    'op-node': replica.nodeRpcUrl,
    health: `${healthUrl}/readyz`,
    'data folder': data,
  }
  const text = [
    '',
    pc.bold(pc.green(`Replica of ${manifest.name} is up, all of L1 is read`)),
    ...Object.entries(rows).map(([name, value]) => `  ${name.padEnd(22)} ${value}`),
    '',
    pc.bold('Try next, in another terminal'),
    `  npm run hashsand -- replica status --watch --data ${data}`,
    '',
    pc.dim('Ctrl-C ends it. What it derived stays in the data folder; the next start goes on from there.'),
  ].join('\n')
  const { l2RpcUrl, nodeRpcUrl } = replica
  return { text, fields: { up: true, chainId: manifest.l2.chainId, l2RpcUrl, nodeRpcUrl, healthUrl, data } }
}

async function status(options: { data: string; watch?: boolean }, command: Command): Promise<void> {
  const { output } = contextOf(command)
  const data = resolve(options.data)
  const urls = await runningReplica(data)
  if (urls === undefined) throw new NoReplicaHereError(data)
  const { manifest } = await readNetworkFolder(join(data, 'network'))
  do {
    try {
      const seen = await lookAtReplica(data, urls)
      output.result(fieldsOf(manifest, seen), describe(manifest, seen))
    } catch (error) {
      if (options.watch !== true || !(error instanceof BaseError) || !error.retry) throw error
      output.result({ error: error.name, message: error.message }, error.message)
    }
    if (options.watch === true) await sleep(2_000)
  } while (options.watch === true)
}

function parsePort(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1_024 && value <= 65_000) return value
  throw new InvalidArgumentError('A port between 1024 and 65000 is needed.')
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('A URL like http://127.0.0.1:8545 is needed.')
}

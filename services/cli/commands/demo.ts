import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { readManifest } from '../../../chain/manifest.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { type Context, contextOf, dataFolder } from '../context.ts'
import { runDemo } from '../demo/run.ts'
import { firstProfile, loadProfile, refuseOtherChoice } from '../devnet/profile.ts'
import { startDevnet } from '../devnet/start.ts'
import { waitFor } from '../wait.ts'
import { addDevnetOptions, type DevnetOptions } from './devnet.ts'

type Options = DevnetOptions & { fresh?: boolean; attach?: boolean }

export function registerDemo(program: Command): void {
  addDevnetOptions(
    program
      .command('demo')
      .description('one satoshi all the way: pool, bridge, ledger, DEX, index, redemption and back')
      .option('--fresh', 'forget an unfinished demo instead of going on with it')
      .option('--attach', 'only use a network that is up; without this one is started where none is'),
  ).action(async (options: Options, command: Command) => {
    const context = contextOf(command)
    const signal = stopSignal()
    const parameters = {
      folder: context.folder,
      output: context.output,
      signal,
      fresh: options.fresh === true,
    }
    if (options.attach === true) await waitUntilUp(context)
    if (await isUp(context)) {
      const profile = await loadProfile(context.folder, firstProfile(options, dataFolder()))
      refuseOtherChoice(context.folder, profile, options)
      await runDemo({ ...parameters, manifest: await readManifest(context.manifestPath) })
      return
    }
    const devnet = await startDevnet({ ...context, options })
    try {
      await Promise.race([runDemo({ ...parameters, manifest: devnet.manifest }), devnet.died])
    } finally {
      await devnet.stop()
    }
  })
}

/** A network that is just being started is waited for. */
function waitUntilUp(context: Context): Promise<true> {
  return waitFor({
    what: `the network of ${context.manifestPath} to be up`,
    seconds: 60,
    remedy: 'Start one with npm start, or leave out --attach.',
    look: async () => ((await isUp(context)) ? true : undefined),
  })
}

async function isUp({ manifestPath }: Context): Promise<boolean> {
  if (!existsSync(manifestPath)) return false
  const { services } = await readManifest(manifestPath)
  if (services.api === undefined) return false
  return fetch(`${services.api}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  )
}

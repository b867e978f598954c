import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { repairAnvilEngine } from '../../../chain/engine/anvil/engine.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { contextOf } from '../context.ts'
import { lockStateFolder } from '../devnet/lock.ts'
import type { Blocks, Profile } from '../devnet/profile.ts'
import { startDevnet } from '../devnet/start.ts'
import { startPage } from '../devnet/startPage.ts'
import { ConfirmationMissingError, StateFolderError } from '../errors.ts'

export type DevnetOptions = {
  basePort: number
  engine?: 'anvil' | 'op-stack'
  source?: Profile['class']
  blocks?: Blocks
}

export function addDevnetOptions(command: Command): Command {
  return command
    .option('--base-port <port>', 'first port; the others lie 1000 to 1013 above it', parsePort, 8545)
    .option('--engine <engine>', 'anvil, which needs Node alone, or op-stack, which needs Go', parseEngine)
    .option(
      '--source <source>',
      'what settles a day: proven (headers and coinbases) or attested (a quorum)',
      parseSource,
    )
    .option('--blocks <blocks>', 'recorded or simulated ones; only simulated ones can be proven', parseBlocks)
}

export function registerDevnet(program: Command): void {
  const devnet = program.command('devnet').description('a whole network on this machine')

  addDevnetOptions(
    devnet.command('up').description('start it, or go on where it was; Ctrl-C ends it'),
  ).action(async (options: DevnetOptions, command: Command) => {
    const context = contextOf(command)
    const signal = stopSignal()
    const running = await startDevnet({ ...context, options })
    const page = startPage(running, context.folder)
    context.output.result(page.fields, page.text)
    try {
      await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), running.died])
    } finally {
      context.output.progress('stopping …')
      await running.stop()
      context.output.done()
    }
  })

  devnet
    .command('repair')
    .description('go back to the previous state file of a chain whose newest one is damaged')
    .action(async (_options: object, command: Command) => {
      const { output, folder } = contextOf(command)
      const lock = await lockStateFolder(folder.root)
      try {
        const setAside = await repairAnvilEngine(folder.engine)
        const text =
          setAside.length === 0
            ? 'Both chains are whole: nothing was changed.'
            : `Put aside: ${setAside.join(', ')}. The chain goes on from the state before; what was newer on it is gone.`
        output.result({ setAside }, text)
      } finally {
        await lock.release()
      }
    })

  devnet
    .command('reset')
    .description('delete the network with all its state')
    .option('--yes', 'really do it')
    .action(async (options: { yes?: boolean }, command: Command) => {
      const { output, folder } = contextOf(command)
      if (!existsSync(folder.profile)) {
        throw new StateFolderError(
          `${folder.root} is not the state folder of a network, so it is left as it is.`,
        )
      }
      if (options.yes !== true)
        throw new ConfirmationMissingError(`delete ${folder.root} with everything in it`)
      await (await lockStateFolder(folder.root)).release()
      await rm(folder.root, { recursive: true })
      output.result({ deleted: folder.root }, `${folder.root} is deleted. npm start begins a new network.`)
    })
}

function parsePort(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1_024 && value <= 64_000) return value
  throw new InvalidArgumentError('A port between 1024 and 64000 is needed.')
}

function parseEngine(text: string): 'anvil' | 'op-stack' {
  if (text === 'anvil' || text === 'op-stack') return text
  throw new InvalidArgumentError('It is either anvil or op-stack.')
}

function parseSource(text: string): Profile['class'] {
  if (text === 'attested' || text === 'proven') return text
  throw new InvalidArgumentError('It is either attested or proven.')
}

function parseBlocks(text: string): Blocks {
  if (text === 'recorded' || text === 'simulated') return text
  throw new InvalidArgumentError('It is either recorded or simulated.')
}

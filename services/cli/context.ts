import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { root } from '../../chain/artifacts.ts'
import { type Manifest, readManifest } from '../../chain/manifest.ts'
import { type StateFolder, stateFolder } from './devnet/profile.ts'
import { createOutput, type Output } from './output.ts'

/** What every command gets from the options that all of them share. */
export type Context = { output: Output; folder: StateFolder; manifestPath: string }

export function addSharedOptions(program: Command): Command {
  return program
    .option('--json', 'write results as JSON, one object a line')
    .option(
      '--state <folder>',
      'state folder of the development network',
      process.env.HASHSAND_STATE ?? '.hashsand',
    )
    .option(
      '--manifest <file>',
      'network manifest; that of the state folder if absent',
      process.env.HASHSAND_MANIFEST,
    )
}

type Shared = { json?: boolean; state: string; manifest?: string }

export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<Shared>()
  const folder = stateFolder(resolve(options.state))
  return {
    output: createOutput(options.json === true),
    folder,
    manifestPath: options.manifest === undefined ? folder.manifest : resolve(options.manifest),
  }
}

/** The network that the command is about. Fails with the remedy when there is none. */
export const manifestOf = ({ manifestPath }: Context): Promise<Manifest> => readManifest(manifestPath)

/** Where block data of the past may lie: HASHSAND_DATA, or the folder that a development set-up keeps beside the repository. */
export function dataFolder(): string {
  const beside = join(root, '..', 'shared', 'data')
  return process.env.HASHSAND_DATA ?? beside
}

/** Where programs that had to be built are kept, outside of any repository. */
export function cacheFolder(): string {
  return process.env.HASHSAND_CACHE ?? join(homedir(), '.cache', 'hashsand')
}

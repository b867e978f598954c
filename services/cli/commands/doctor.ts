import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Address } from 'viem'
import { type Role, readKeys } from '../../runtime/keys.ts'
import { contextOf, manifestOf } from '../context.ts'
import { DoctorError } from '../doctor/errors.ts'
import { examine } from '../doctor/examine.ts'
import { asText, type Finding } from '../doctor/finding.ts'

type Options = { store?: string; keys?: string; passwordFile?: string; l1?: string; l2?: string }

/** Everything that the sequencer service needs, looked at once. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at everything that the sequencer service needs, and say what to do; nothing is changed',
    )
    .option('--store <folder>', "the service's HASHSAND_STATE_DIR; that of the development network if absent")
    .option('--keys <path>', 'keys file, or folder of keystores; those of the development network if absent')
    .option('--password-file <file>', 'of a folder of keystores; the file `password` in it if absent')
    .addOption(
      new Option('--l1 <urls>', "nodes of L1 with commas between them; the manifest's if absent").env(
        'HASHSAND_L1_RPCS',
      ),
    )
    .addOption(
      new Option('--l2 <urls>', "nodes of L2 with commas between them; the manifest's if absent").env(
        'HASHSAND_L2_RPCS',
      ),
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      const { folder, output } = context
      const found = await examine({
        readManifest: () => manifestOf(context),
        nodes: {
          ...(options.l1 && { l1: listOf(options.l1) }),
          ...(options.l2 && { l2: listOf(options.l2) }),
        },
        store: options.store === undefined ? folder.service('sequencer') : resolve(options.store),
        readKeys: () => addressesOf(options.keys ?? folder.keys, options.passwordFile),
      })
      for (const finding of found) output.result(finding, asText(finding))
      const count = (state: Finding['state']) => found.filter((finding) => finding.state === state).length
      if (count('bad') > 0) throw new DoctorError(count('bad'), count('warn'))
    })
}

const listOf = (urls: string) => urls.split(',').map((url) => url.trim())

async function addressesOf(path: string, passwordFile: string | undefined): Promise<Record<string, Address>> {
  const roles: readonly Role[] = ['sequencer']
  const keys = await readKeys(path, roles, { passwordFile })
  return Object.fromEntries(roles.map((role) => [role, keys[role].address]))
}

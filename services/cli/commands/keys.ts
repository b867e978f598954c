import type { Command } from 'commander'
import { readKeys, roles } from '../../runtime/keys.ts'
import { contextOf } from '../context.ts'
import { privateKeysOf } from '../devnet/accounts.ts'

export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('the keys of a development network')
  keys
    .command('list')
    .description('addresses by role; one key per role, never shared')
    .option('--private', 'show the private keys too, to import a test account into a wallet')
    .action(async (options: { private?: boolean }, command: Command) => {
      const { output, folder } = contextOf(command)
      const accounts = await readKeys(folder.keys)
      const secrets = options.private === true ? await privateKeysOf(folder.keys) : undefined
      for (const role of roles) {
        const privateKey = secrets?.[role]
        output.result(
          { role, address: accounts[role].address, ...(privateKey === undefined ? {} : { privateKey }) },
          `${role.padEnd(12)} ${accounts[role].address}${privateKey === undefined ? '' : `  ${privateKey}`}`,
        )
      }
    })
}

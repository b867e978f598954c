import { chmod, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Hex } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { keystorePath, type OperatorRole, operatorRoles, readKeys, roles } from '../../runtime/keys.ts'
import {
  assertPrivate,
  keystoreAddress,
  openKeystore,
  readPassword,
  writeKeystore,
} from '../../runtime/keystore.ts'
import { type Context, contextOf } from '../context.ts'
import { privateKeysOf } from '../devnet/accounts.ts'
import { NotAPrivateKeyError, UnknownNameError, UsageError } from '../errors.ts'

type Folder = { keys: string; passwordFile?: string }
type Import = Folder & {
  role: string
  keystore?: string
  keystorePasswordFile?: string
  privateKeyFile?: string
}

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('keys by role: keystores, or those of a development network')
  registerList(keys)
  withFolder(keys.command('new').description('make the keystore of a role'))
    .requiredOption('--role <role>', operatorRoles.join(', '))
    .action(async (options: Folder & { role: string }, command: Command) => {
      await save(contextOf(command), options, roleOf(options.role), generatePrivateKey())
    })
  withFolder(keys.command('import').description('take a key of yours as that of a role'))
    .requiredOption('--role <role>', operatorRoles.join(', '))
    .option('--keystore <file>', 'as geth or cast wallet import wrote it')
    .option('--keystore-password-file <file>', 'its password; that of the folder if absent')
    .option('--private-key-file <file>', 'a file of mode 600 with the key in hex')
    .action(async (options: Import, command: Command) => {
      await save(contextOf(command), options, roleOf(options.role), await importedKey(options))
    })
  withFolder(keys.command('address').description('the address of a role, from its key'))
    .requiredOption('--role <role>', operatorRoles.join(', '))
    .action(async (options: Folder & { role: string }, command: Command) => {
      const role = roleOf(options.role)
      const account = (await readKeys(options.keys, [role], { passwordFile: options.passwordFile }))[role]
      contextOf(command).output.result({ role, address: account.address }, account.address)
    })
}

function withFolder(command: Command): Command {
  return command
    .requiredOption('--keys <folder>', 'folder of the keystores, one <role>.json each')
    .option('--password-file <file>', 'the file `password` in that folder if absent')
}

function registerList(keys: Command): void {
  keys
    .command('list')
    .description('addresses by role; one key per role, never shared')
    .option('--keys <folder>', 'of these keystores, without opening them')
    .option('--private', "a development network's private keys too, to import a test account into a wallet")
    .action(async (options: { private?: boolean; keys?: string }, command: Command) => {
      const context = contextOf(command)
      if (options.keys !== undefined) return listKeystores(context, options.keys)
      const { output, folder } = context
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

async function listKeystores({ output }: Context, folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => {
    throw new UnknownNameError('folder of keystores', folder, ['the one that hashsand keys new made'])
  })
  for (const role of operatorRoles.filter((name) => files.includes(`${name}.json`))) {
    const address = await keystoreAddress(keystorePath(folder, role))
    const text = address ?? 'not in the file; see hashsand keys address'
    output.result({ role, address: address ?? null }, `${role.padEnd(12)} ${text}`)
  }
}

async function save({ output }: Context, options: Folder, role: OperatorRole, key: Hex): Promise<void> {
  await mkdir(options.keys, { recursive: true })
  await chmod(options.keys, 0o700)
  const password = await readPassword(options.passwordFile ?? join(options.keys, 'password'))
  const path = keystorePath(options.keys, role)
  await writeKeystore(path, key, password)
  const address = privateKeyToAddress(key)
  output.result({ role, address, keystore: path }, `${role.padEnd(12)} ${address}  ${path}`)
}

async function importedKey(options: Import): Promise<Hex> {
  const { keystore, privateKeyFile } = options
  if ((keystore === undefined) === (privateKeyFile === undefined)) {
    throw new UsageError('Give either --keystore or --private-key-file.')
  }
  if (keystore !== undefined) {
    const password = options.keystorePasswordFile ?? options.passwordFile ?? join(options.keys, 'password')
    return openKeystore(keystore, await readPassword(password))
  }
  const path = String(privateKeyFile)
  await assertPrivate(path)
  const key = (await readFile(path, 'utf8'))
    .trim()
    .toLowerCase()
    .replace(/^(0x)?/, '0x')
  if (!/^0x[0-9a-f]{64}$/.test(key)) throw new NotAPrivateKeyError(path)
  // Safe: the pattern above.
  return key as Hex
}

function roleOf(text: string): OperatorRole {
  const role = operatorRoles.find((name) => name === text)
  if (role === undefined) throw new UnknownNameError('role', text, operatorRoles)
  return role
}

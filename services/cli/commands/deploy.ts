import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { privateKeyToAccount } from 'viem/accounts'
import { buildOpStack } from '../../../chain/opstack/build.ts'
import { openKeystore, readPassword } from '../../runtime/keystore.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { type Context, cacheFolder, contextOf } from '../context.ts'
import { RolesFileError } from '../deploy/errors.ts'
import { exampleRoles } from '../deploy/exampleRoles.ts'
import { deployFolder } from '../deploy/journal.ts'
import { type L1SideParameters, planL1, sendL1 } from '../deploy/l1Side.ts'
import { planL2, sendL2 } from '../deploy/l2Side.ts'
import { writeNetwork, writtenManifest } from '../deploy/networkFiles.ts'
import { UsageError } from '../errors.ts'

type KeyOptions = { keystore?: string; passwordFile?: string; send?: boolean; network?: string }
type Options = KeyOptions & { example?: boolean; l1?: string; roles?: string; confirmations: number }

type L2Options = KeyOptions & { l1?: string; l2?: string }

export function registerDeploy(program: Command): void {
  const deploy = program
    .command('deploy')
    .description('a network of your own on an L1 of others; without --send it only says what it would do')
    .option('--example', 'print a roles file to begin with')
    .addOption(new Option('--l1 <url>', 'RPC of L1').env('HASHSAND_L1_RPC'))
    .option('--roles <file>', 'everything that is decided when a network is made')
  withKey(deploy)
    .option(
      '--confirmations <blocks>',
      'L1 blocks that must stand on the one from which L2 starts',
      parseCount,
      8,
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      if (options.example === true) {
        context.output.result({ example: JSON.parse(exampleRoles()) }, exampleRoles())
        return
      }
      await deployNetwork(context, options)
    })

  withKey(
    deploy
      .command('l2')
      .description(
        'what L2 has beside its genesis, once the operator runs: timelock, Uniswap, tokens, indices',
      )
      .option('--l1 <url>', "RPC of L1, if not the manifest's")
      .option('--l2 <url>', "RPC of L2, if not the manifest's"),
  ).action(async (_: L2Options, command: Command) => {
    // Options that the parent knows too are read by the parent.
    await deployOnL2(contextOf(command), command.optsWithGlobals<L2Options>())
  })
}

async function deployOnL2({ output }: Context, options: L2Options): Promise<void> {
  const { network, keystore, passwordFile } = options
  const given = need({ network, keystore, passwordFile })
  const key = await openKeystore(given.keystore, await readPassword(given.passwordFile))
  const parameters = {
    folder: deployFolder(given.network),
    deployer: privateKeyToAccount(key),
    l1RpcUrl: options.l1,
    l2RpcUrl: options.l2,
    output,
    signal: stopSignal(),
  }
  if (options.send !== true) {
    await planL2(parameters)
    output.progress('Nothing was sent. Add --send to do it.')
    return
  }
  const manifest = await sendL2(parameters)
  output.result(
    { deployed: true, network: given.network, contracts: manifest.l2.contracts, tokens: manifest.tokens },
    `L2 is complete, and ${given.network} holds its whole manifest. Publish that folder.`,
  )
}

function withKey(command: Command): Command {
  return command
    .option('--network <folder>', 'the network folder to write; beside it <folder>.deploy keeps the journal')
    .option('--keystore <file>', 'key of the deployer')
    .option('--password-file <file>', 'its password')
    .option('--send', 'really do it')
}

async function deployNetwork(context: Context, options: Options): Promise<void> {
  const { output } = context
  const parameters = await parametersOf(context, options)
  if (options.send !== true) {
    await planL1(parameters)
    output.progress('Nothing was sent. Add --send to do it.')
    return
  }
  const onProgress = (step: string) => output.progress(step)
  // Before anything is sent: a machine that can't make block 0 should not begin.
  const build = await buildOpStack({ cacheDir: cacheFolder(), environment: process.env, onProgress })
  const sent = await sendL1(parameters)
  const { folder } = parameters
  const known = await writtenManifest(folder, sent)
  const manifest = known ?? (await writeNetwork({ ...sent, folder, build, onProgress }))
  const isNew = known === undefined || sent.sent > 0
  const { startBlock, contracts } = manifest.l1
  output.result(
    { deployed: true, isNew, network: folder.network, sent: sent.sent, startBlock, contracts },
    isNew
      ? `Deployed, and every assertion holds. ${folder.network} is the network folder.\nNext: hashsand operator up, then hashsand deploy l2.`
      : `Deployed already, and every assertion holds. ${folder.network} is the network folder.`,
  )
}

async function parametersOf({ output }: Context, options: Options): Promise<L1SideParameters> {
  const { l1, roles, network, keystore, passwordFile } = options
  const given = need({ l1, roles, network, keystore, passwordFile })
  const rolesText = await readFile(given.roles, 'utf8').catch((cause: unknown) => {
    throw new RolesFileError(given.roles, ['it can not be read'], cause)
  })
  const key = await openKeystore(given.keystore, await readPassword(given.passwordFile))
  return {
    l1RpcUrl: given.l1,
    rolesText,
    rolesPath: given.roles,
    folder: deployFolder(given.network),
    deployer: privateKeyToAccount(key),
    confirmations: options.confirmations,
    output,
    signal: stopSignal(),
  }
}

/** All of these options, or an error that names those that are missing. */
function need<Name extends string>(options: Record<Name, string | undefined>): Record<Name, string> {
  const missing = Object.entries<string | undefined>(options).filter(([, value]) => value === undefined)
  if (missing.length === 0) {
    // Safe: none of them is missing.
    return options as Record<Name, string>
  }
  const names = missing.map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  throw new UsageError(`These options are missing: ${names.join(', ')}.`)
}

function parseCount(text: string): number {
  const value = Number(text)
  if (/^[0-9]+$/.test(text) && value <= 10_000) return value
  throw new InvalidArgumentError('A whole number from 0 to 10000 is needed.')
}

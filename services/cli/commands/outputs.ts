import { type Command, InvalidArgumentError, Option } from 'commander'
import { contextOf, manifestOf } from '../context.ts'
import { claimBonds, listBonds, settleBond } from '../outputs/bonds.ts'
import { listOutputs } from '../outputs/list.ts'
import { type ProposeOptions, propose } from '../outputs/propose.ts'

export function registerOutputs(program: Command): void {
  const outputs = program
    .command('outputs')
    .description('the roots on L1 that withdrawals are proven against')
  registerReads(outputs)

  asAccount(outputs.command('propose'))
    .description('the next root, from a replica; shows the terms and what it stakes unless --send is given')
    .addOption(
      new Option('--replica-l2 <url>', "the replica's op-geth; that of the state folder if absent").argParser(
        parseUrl,
      ),
    )
    .addOption(
      new Option(
        '--replica-node <url>',
        "the replica's op-node; that of the state folder if absent",
      ).argParser(parseUrl),
    )
    .option('--send', 'sign and send')
    .option('--wait', 'wait until it is allowed, then send')
    .action(async (options: ProposeOptions, command: Command) => {
      const context = contextOf(command)
      await propose(context, await manifestOf(context), options)
    })

  asAccount(outputs.command('settle'))
    .description('book a bond to whom it belongs, once that is decided')
    .argument('<id>', 'number of the bond, see hashsand outputs bonds')
    .option('--send', 'sign and send')
    .action(async (id: string, options: { as: string; send?: boolean }, command: Command) => {
      const context = contextOf(command)
      await settleBond(context, await manifestOf(context), id, options)
    })

  asAccount(outputs.command('claim'))
    .description('take what is booked to an account')
    .option('--to <address>', 'recipient; the account itself if absent')
    .option('--send', 'sign and send')
    .action(async (options: { as: string; to?: string; send?: boolean }, command: Command) => {
      const context = contextOf(command)
      await claimBonds(context, await manifestOf(context), options)
    })
}

function registerReads(outputs: Command): void {
  outputs
    .command('list')
    .description('the newest outputs: who proposed them, and when they mature')
    .option('--count <number>', 'how many', parseCount, 10)
    .action(async ({ count }: { count: number }, command: Command) => {
      const context = contextOf(command)
      await listOutputs(context, await manifestOf(context), count)
    })

  asAccount(outputs.command('bonds'))
    .description('what was staked on outputs, and what became of it')
    .option('--all', 'those of everybody')
    .action(async (options: { as: string; all?: boolean }, command: Command) => {
      const context = contextOf(command)
      await listBonds(context, await manifestOf(context), options)
    })
}

const asAccount = (command: Command): Command =>
  command.option('--as <role>', 'whose key, see hashsand keys list', 'user')

function parseCount(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 1_000) return value
  throw new InvalidArgumentError('A number from 1 to 1000 is needed.')
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('A URL like http://127.0.0.1:9555 is needed.')
}

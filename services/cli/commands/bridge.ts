import type { Command } from 'commander'
import { z } from 'zod'
import { askSequencer } from '../askSequencer.ts'
import { type CompleteOptions, complete } from '../complete.ts'
import { contextOf, manifestOf } from '../context.ts'
import { addRpcs, manifestBy, type Rpcs } from '../rpcs.ts'
import { transfer } from '../transfer.ts'
import { type Direction, directions, type TransferOptions } from '../transferPlan.ts'

export function registerBridge(program: Command): void {
  const bridge = program.command('bridge').description('move WBTC and ether between the chains')

  for (const direction of directions) {
    const command = bridge
      .command(direction)
      .description(`${what[direction]}; shows what it would do unless --send is given`)
      .requiredOption('--amount <amount>', 'amount in whole tokens, for example 0.25')
      .option('--token <symbol>', 'WBTC or ETH', 'WBTC')
      .option('--to <address>', 'recipient; the sender if absent')
      .option('--as <role>', 'whose key signs, see hashsand keys list', 'user')
      .option('--send', 'sign and send')
    if (direction === 'deposit') {
      command.option('--with-gas <ether>', 'ether that a token brings along, to pay gas with on L2')
    }
    if (direction === 'withdraw') {
      command.option('--through-l1', 'begin it on L1, for who has no ether on L2: L1 pays for the gas')
    }
    command.action(async (options: TransferOptions & Rpcs, command: Command) => {
      const context = contextOf(command)
      await transfer(context, await manifestBy(context, options), { ...options, direction })
    })
  }
  for (const command of bridge.commands) addRpcs(command)

  addRpcs(
    bridge
      .command('complete')
      .description(
        'prove a withdrawal and finalise it, without the operator; shows where it stands unless --send is given',
      )
      .argument('<hash>', 'withdrawal, or the transaction on L2 or L1 that began it')
      .option('--as <role>', 'whose key signs and pays, see hashsand keys list', 'user')
      .option('--send', 'sign and send, and stay until it is finalised'),
  ).action(async (hash: string, options: CompleteOptions & Rpcs, command: Command) => {
    const context = contextOf(command)
    await complete(context, await manifestBy(context, options), { ...options, hash })
  })

  bridge
    .command('messages')
    .description('deposits and withdrawals that the sequencer knows, newest first')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command)
      const page = z.object({ messages: z.array(messageSchema) })
      const messages = await askSequencer(await manifestOf(context), '/v1/messages', page)
      for (const message of messages.messages) context.output.result(message, describe(message))
      if (messages.messages.length === 0) {
        context.output.result(
          { messages: [] },
          'No messages yet. Try hashsand bridge deposit --amount 0.1 --send.',
        )
      }
    })

  bridge
    .command('show')
    .description('one message with its whole history')
    .argument('<id>', 'L2 transaction hash of a deposit, or hash of a withdrawal')
    .action(async (id: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const path = `/v1/messages/${encodeURIComponent(id)}`
      const message = await askSequencer(await manifestOf(context), path, anything)
      context.output.result(message, JSON.stringify(message, null, 2))
    })
}

const what = {
  deposit: 'from L1 to L2',
  withdraw: 'from L2 to L1',
  'force-deposit': 'from L1 to L2 by L1 alone, although the operator of L2 is gone',
  'force-withdraw': 'from L2 to L1 by L1 alone, although the operator of L2 is gone',
} as const satisfies Record<Direction, string>

const anything = z.record(z.string(), z.unknown())
const messageSchema = z.looseObject({ id: z.string(), kind: z.string(), state: z.string() })

const describe = ({ id, kind, state }: z.infer<typeof messageSchema>): string =>
  `${kind.padEnd(11)} ${state.padEnd(12)} ${id}`

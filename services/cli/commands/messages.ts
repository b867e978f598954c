import { type Command, Option } from 'commander'
import { z } from 'zod'
import { depositStates, withdrawalStates } from '../../../bridge/status.ts'
import { askOwnSequencer } from '../askSequencer.ts'
import { contextOf } from '../context.ts'

/** What an operator does with messages and with the sequencer that brings them on. */
export function registerMessages(program: Command): void {
  const messages = program.command('msg').description('bridge messages, as the sequencer sees them')
  addReading(messages)
  addWords(messages)

  const sequencer = program
    .command('sequencer')
    .description('stop the sequencer from sending, and let it send again')
  sequencer
    .command('pause')
    .description(
      'send nothing new: no root, proof, finalisation or replay. L2 goes on, and what is on its way is followed',
    )
    .requiredOption('--reason <text>', 'why, for whoever looks later')
    .action(async ({ reason }: { reason: string }, command: Command) => {
      const { at } = await askOwnSequencer(command, '/v1/pause', wordSchema, { reason })
      contextOf(command).output.result(
        { paused: { reason, at } },
        `Paused at ${at}. End it with hashsand sequencer resume.`,
      )
    })
  sequencer
    .command('resume')
    .description('send again')
    .action(async (_options: object, command: Command) => {
      await askOwnSequencer(command, '/v1/resume', anything, {})
      contextOf(command).output.result({ paused: null }, 'The sequencer sends again.')
    })
}

function addReading(messages: Command): void {
  messages
    .command('list')
    .description('all messages, or those of a kind and a state')
    .addOption(new Option('--kind <kind>', 'of which way').choices(['deposit', 'withdrawal']))
    .addOption(
      new Option('--in <state>', 'where they are').choices([
        ...new Set([...depositStates, ...withdrawalStates]),
      ]),
    )
    .action(async (options: { kind?: string; in?: string }, command: Command) => {
      const { kind, in: state } = options
      const { output } = contextOf(command)
      let after: string | undefined
      let count = 0
      do {
        const query = new URLSearchParams({
          ...(kind !== undefined && { kind }),
          ...(state !== undefined && { state }),
          ...(after !== undefined && { after }),
        })
        const page = await askOwnSequencer(command, `/v1/messages?${query}`, pageSchema)
        for (const message of page.messages) output.result(message, describe(message))
        count += page.messages.length
        after = page.next
      } while (after !== undefined)
      if (count === 0) output.result({ messages: [] }, 'There are no such messages.')
    })
  messages
    .command('show')
    .description('one message with its whole history, and why it waits')
    .argument('<id>', 'L2 transaction hash of a deposit, or hash of a withdrawal')
    .action(async (id: string, _options: object, command: Command) => {
      const message = await askOwnSequencer(command, `/v1/messages/${encodeURIComponent(id)}`, anything)
      contextOf(command).output.result(message, JSON.stringify(message, null, 2))
    })
}

function addWords(messages: Command): void {
  messages
    .command('retry')
    .description('try a message in the next round, as if it never had been, and no longer skip it')
    .argument('<id>', 'the message')
    .action(async (id: string, _options: object, command: Command) => {
      await askOwnSequencer(command, `/v1/messages/${encodeURIComponent(id)}/retry`, anything, {})
      contextOf(command).output.result({ id, retried: true }, `${id} is tried in the next round.`)
    })
  messages
    .command('skip')
    .description('send nothing for a message, until it is retried')
    .argument('<id>', 'the message')
    .requiredOption('--reason <text>', 'why, for whoever looks later')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const { at } = await askOwnSequencer(
        command,
        `/v1/messages/${encodeURIComponent(id)}/skip`,
        wordSchema,
        {
          reason,
        },
      )
      contextOf(command).output.result(
        { id, skipped: { reason, at } },
        `${id} is skipped. End it with hashsand msg retry.`,
      )
    })
}

const anything = z.record(z.string(), z.unknown())
const wordSchema = z.object({ reason: z.string(), at: z.string() })
const messageSchema = z.looseObject({ id: z.string(), kind: z.string(), state: z.string() })
const pageSchema = z.object({ messages: z.array(messageSchema), next: z.string().optional() })

const describe = ({ id, kind, state }: z.infer<typeof messageSchema>): string =>
  `${kind.padEnd(11)} ${state.padEnd(15)} ${id}`

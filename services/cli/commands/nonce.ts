import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { formatGwei } from 'viem'
import { z } from 'zod'
import { askOwnSequencer } from '../askSequencer.ts'
import { contextOf } from '../context.ts'

const waitingSchema = z.object({
  nonce: z.number(),
  key: z.string(),
  hash: z.string(),
  maxFeePerGas: z.coerce.bigint(),
  forms: z.number(),
  isCancelled: z.boolean(),
  blocks: z.coerce.bigint(),
})
const keySchema = z.object({
  role: z.string(),
  address: z.string(),
  chainId: z.number(),
  next: z.number(),
  latest: z.number(),
  pending: z.number(),
  gaps: z.array(z.number()),
  waiting: z.array(waitingSchema),
})
type Key = z.infer<typeof keySchema>

/** The nonces of the sequencer's keys. */
export function registerNonce(program: Command): void {
  const nonce = program.command('nonce').description("nonces of the sequencer's keys, and what waits at them")
  nonce
    .command('show')
    .description('for each key what the chain has used, what waits and for how long, and what is missing')
    .action(async (_options: object, command: Command) => {
      const { keys } = await askOwnSequencer(command, '/v1/nonces', z.object({ keys: z.array(keySchema) }))
      const { output } = contextOf(command)
      for (const key of keys) output.result(key, describe(key))
    })
  withRole(nonce.command('cancel'))
    .description(
      'put nothing in the place of what waits at a nonce. What it was for is due again once that is final: skip the message first if it should not be',
    )
    .argument('<nonce>', 'where it waits', parseNonce)
    .action(async (at: number, { role }: { role: string }, command: Command) => {
      const path = `/v1/nonces/${encodeURIComponent(role)}/${at}/cancel`
      const cancelled = await askOwnSequencer(
        command,
        path,
        z.object({ key: z.string(), hash: z.string() }),
        {},
      )
      contextOf(command).output.result(
        { role, nonce: at, ...cancelled },
        `${cancelled.hash} takes the place of "${cancelled.key}" at nonce ${at}. Look with hashsand nonce show.`,
      )
    })
  withRole(nonce.command('resync'))
    .description(
      'after something else has sent with the key, or a repair: fill nonces that nothing stands for',
    )
    .action(async ({ role }: { role: string }, command: Command) => {
      const path = `/v1/nonces/${encodeURIComponent(role)}/resync`
      const key = await askOwnSequencer(command, path, keySchema.extend({ filled: z.array(z.number()) }), {})
      const filled =
        key.filled.length === 0 ? 'Nothing had to be filled.' : `Filled: ${key.filled.join(', ')}.`
      contextOf(command).output.result(key, `${filled}\n${describe(key)}`)
    })
}

const withRole = (command: Command) =>
  command.option('--role <role>', 'sequencer, proposer, or replays on L2', 'sequencer')

function describe({ role, address, chainId, next, latest, pending, gaps, waiting }: Key): string {
  const lines = waiting.map(({ nonce, key, maxFeePerGas, forms, isCancelled, blocks }) => {
    const what = isCancelled ? `cancelled, was ${key}` : key
    return `  ${String(nonce).padStart(6)} ${what}, ${formatGwei(maxFeePerGas)} gwei, form ${forms}, for ${blocks} blocks`
  })
  const missing = gaps.map(
    (nonce) => `  ${String(nonce).padStart(6)} nothing stands for it: hashsand nonce resync --role ${role}`,
  )
  const head = `${role} ${address} on chain ${chainId}: next ${next}, the chain has used ${latest}, its pool goes to ${pending}`
  return [head, ...lines, ...missing].join('\n')
}

function parseNonce(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A nonce is a whole number.')
}

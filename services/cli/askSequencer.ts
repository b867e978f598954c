import type { Command } from 'commander'
import { z } from 'zod'
import type { Manifest } from '../../chain/manifest.ts'
import { contextOf, manifestOf } from './context.ts'
import { SequencerRefusedError, SequencerUnreachableError } from './errors.ts'

const problemSchema = z.looseObject({ detail: z.string() })

/** Asks the sequencer of a network, or with `say` tells it something. Throws SequencerUnreachableError, SequencerRefusedError. */
export async function askSequencer<Schema extends z.ZodType>(
  { services: { sequencer: url } }: Pick<Manifest, 'services'>,
  path: string,
  schema: Schema,
  say?: Record<string, string | number>,
  patienceMs = 5_000,
): Promise<z.output<Schema>> {
  if (url === undefined) throw new SequencerUnreachableError('(none in the manifest)', 'is not known')
  const request = say && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(say),
  }
  const response = await fetch(`${url}${path}`, {
    ...request,
    signal: AbortSignal.timeout(patienceMs),
  }).catch((cause: unknown) => {
    throw new SequencerUnreachableError(url, 'does not answer', cause)
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return schema.parse(body)
  const problem = problemSchema.safeParse(body)
  if (problem.success && response.status < 500) throw new SequencerRefusedError(problem.data.detail)
  const words = `answered ${response.status} to ${path}`
  // One that stands aside says why, and what would help.
  const reason = problem.success ? `: ${problem.data.detail.replace(/\.$/, '')}` : ''
  throw new SequencerUnreachableError(url, `${words}${reason}`)
}

/** The same of the network that a command is about. */
export async function askOwnSequencer<Schema extends z.ZodType>(
  command: Command,
  path: string,
  schema: Schema,
  say?: Record<string, string>,
): Promise<z.output<Schema>> {
  return askSequencer(await manifestOf(contextOf(command)), path, schema, say)
}

import type { Hash } from 'viem'
import { z } from 'zod'
import { SourceAnswerError } from './errors.ts'

/** 32 bytes as explorers print them, without prefix. */
export const hashText = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text): Hash => `0x${text}`)

/** `value` as `schema` has it. Throws SourceAnswerError, which names the field and never repeats the answer. */
export function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  host: string,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SourceAnswerError(host, what, `${issue?.path.join('.') || 'the answer'}: ${issue?.message}`)
}

export function bytesOfHex(value: unknown, host: string, what: string): Uint8Array {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'hex')
  // Buffer stops at the first character that is no hex.
  if (bytes.length === 0 || typeof value !== 'string' || bytes.length * 2 !== value.length) {
    throw new SourceAnswerError(host, what, 'it is not hex')
  }
  return bytes
}

import { z } from 'zod'
import { ConfigError } from './errors.ts'

/**
 * Reads the settings of one process from its environment, once.
 * Absent means the schema's default; present but wrong ends the start with every problem named.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
): z.output<Schema> {
  const result = schema.safeParse(env)
  if (!result.success) throw new ConfigError(z.prettifyError(result.error))
  return result.data
}

/** A port of this machine. 0 lets the system choose. */
export const port = z.coerce.number().int().min(0).max(65_535)

/** URLs with commas between them. */
export const urls = z
  .string()
  .transform((list) => list.split(',').map((url) => url.trim()))
  .pipe(z.array(z.url()).min(1))

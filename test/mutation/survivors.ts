import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

// The mutants that no test can or has to kill, each with the reason. Kept beside the tool and read by people.

const path = join(import.meta.dirname, 'survivors.json')

const schema = z.array(z.strictObject({ id: z.string().min(1), why: z.string().min(20) }))

/** Reasons by the id of the mutant. */
export function explainedSurvivors(): Map<string, string> {
  return new Map(schema.parse(JSON.parse(readFileSync(path, 'utf8'))).map(({ id, why }) => [id, why]))
}

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { GoMissingError, GoTooOldError } from '../../chain/opstack/errors.ts'
import { findGo } from '../../chain/opstack/go.ts'
import { buildProgram, builtWithoutGo, type GoProgram, programPath } from '../../chain/opstack/goProgram.ts'

/** A first build takes minutes and the module proxy; afterwards the program is there. */
export const BUILD_TIMEOUT_MS = 15 * 60_000

const cacheDir = process.env.HASHSAND_CACHE ?? join(homedir(), '.cache', 'hashsand')

/** The path of a program; skips the test, saying why, on a machine that cannot build it. */
export async function buildOrSkip(program: GoProgram, context: Mocha.Context): Promise<string> {
  const built = builtWithoutGo(cacheDir, program)
  if (built !== undefined) return built
  try {
    const go = await findGo(process.env)
    const path = programPath(cacheDir, program, go.version)
    if (!existsSync(path)) await buildProgram(go, program, path)
    return path
  } catch (error) {
    if (!(error instanceof GoMissingError || error instanceof GoTooOldError)) throw error
    process.stdout.write(`    skipped: ${error.message}\n`)
    return context.skip()
  }
}

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { GoMissingError, GoTooOldError } from '../../../chain/opstack/errors.ts'
import { findGo } from '../../../chain/opstack/go.ts'
import {
  buildProgram,
  builtWithoutGo,
  type GoProgram,
  programPath,
} from '../../../chain/opstack/goProgram.ts'

/** A first build takes half a minute and the module proxy; afterwards it is there. */
export const BUILD_TIMEOUT_MS = 10 * 60_000

const cacheDir = process.env.HASHSAND_CACHE ?? join(homedir(), '.cache', 'hashsand')
const btcd: GoProgram = {
  name: 'btcd',
  label: 'btcd',
  folder: import.meta.dirname,
  source: 'github.com/btcsuite/btcd',
}

/** The path of btcd; skips the test, saying why, on a machine that cannot build it. */
export async function buildBtcdOrSkip(context: Mocha.Context): Promise<string> {
  const built = builtWithoutGo(cacheDir, btcd)
  if (built !== undefined) return built
  try {
    const go = await findGo(process.env)
    const path = programPath(cacheDir, btcd, go.version)
    if (!existsSync(path)) await buildProgram(go, btcd, path)
    return path
  } catch (error) {
    if (!(error instanceof GoMissingError || error instanceof GoTooOldError)) throw error
    process.stdout.write(`    skipped: ${error.message}\n`)
    return context.skip()
  }
}

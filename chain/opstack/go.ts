import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { GoMissingError, GoTooOldError } from './errors.ts'

/** What the pinned modules need. */
const REQUIRED = [1, 24] as const
/** Where Go's own installers put it, often without touching the PATH. */
const USUAL_FOLDER = '/usr/local/go/bin'

export type Environment = Readonly<Record<string, string | undefined>>

export type Go = { path: string; version: string; environment: Environment }

/** The first Go of the PATH that is new enough, or of its usual place. */
export async function findGo(environment: Environment, usualFolder = USUAL_FOLDER): Promise<Go> {
  const folders = [...(environment.PATH ?? '').split(delimiter).filter(Boolean), usualFolder]
  const required = REQUIRED.join('.')
  let tooOld: GoTooOldError | undefined
  for (const folder of new Set(folders)) {
    const path = join(folder, 'go')
    const version = await versionOf(path, environment)
    if (version === undefined) continue
    if (isEnough(version)) return { path, version, environment }
    tooOld ??= new GoTooOldError(path, version, required)
  }
  throw tooOld ?? new GoMissingError(['the PATH', usualFolder], required)
}

async function versionOf(path: string, environment: Environment): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['version'], {
      env: { ...environment, GOTOOLCHAIN: 'local' },
    })
    return /\bgo(\d+\.\d+\S*)/.exec(stdout)?.[1]
  } catch {
    // Not there, or not a program.
    return undefined
  }
}

function isEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat)
  return major > REQUIRED[0] || (major === REQUIRED[0] && minor >= REQUIRED[1])
}

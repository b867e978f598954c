import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BuildFailedError } from './errors.ts'
import type { Go } from './go.ts'

/** A program built from a pinned Go module. */
export type GoProgram = {
  name: string
  /** What the cached builds of its module are called. */
  label: string
  /** Folder of the module: its go.mod and go.sum are the pins. */
  folder: string
  /** Full path of the package. */
  source: string
}

/** Where the program lies once it is built with this Go: under the hash of its pins. */
export function programPath(cacheDir: string, program: GoProgram, goVersion: string): string {
  return join(pinsFolder(cacheDir, program), `go${goVersion}`, program.name)
}

/** The program of the present pins from any version of Go, if it is there. */
export function builtWithoutGo(cacheDir: string, program: GoProgram): string | undefined {
  const folder = pinsFolder(cacheDir, program)
  const versions = existsSync(folder) ? readdirSync(folder) : []
  return versions.map((version) => join(folder, version, program.name)).find((file) => existsSync(file))
}

/** Builds the program to `path`: whole or not at all. */
export async function buildProgram(go: Go, { name, folder, source }: GoProgram, path: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.tmp`
  const child = spawn(go.path, ['build', '-trimpath', '-mod=readonly', '-o', unfinished, source], {
    cwd: folder,
    // Without a C compiler, and never with another Go than the one that was looked at.
    env: { ...go.environment, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let lastWords = ''
  child.stderr.on('data', (chunk) => {
    lastWords = (lastWords + String(chunk)).slice(-1_000)
  })
  const outcome = await new Promise<string | undefined>((resolve) => {
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)))
    child.once('error', (error) => resolve(error.message))
  })
  if (outcome !== undefined) {
    await rm(unfinished, { force: true })
    throw new BuildFailedError(name, outcome, lastWords.trim())
  }
  await rename(unfinished, path)
}

function pinsFolder(cacheDir: string, { label, folder }: GoProgram): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(folder, file)))
  return join(cacheDir, `${label}-${hash.digest('hex').slice(0, 16)}`)
}

import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatRow, parseRow } from '../../runtime/database/rowText.ts'
import { DemoError } from '../errors.ts'

/** What the demo has done so far, on disk after each step, so that it goes on where it was when anything was killed. */
export type Journal = {
  /** Runs `act` once in the life of this journal: a later call with the same name gets the stored result. */
  once<Result>(name: string, act: () => Promise<Result>): Promise<Result>
  /** Whether the step was done by an earlier process. */
  has(name: string): boolean
  /** The demo is over: the next one begins anew. */
  close(): Promise<void>
}

type Content = { network: string; done: Record<string, unknown> }

/**
 * Opens the journal of an unfinished demo on this network, or begins one.
 * It holds the private keys of the demo's own accounts, hence mode 600.
 */
export async function openJournal(path: string, network: string): Promise<Journal> {
  await mkdir(dirname(path), { recursive: true })
  const content = await load(path, network)

  return {
    has: (name) => name in content.done,
    async once<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
      // Safe: the only writer of a name is the one call that asks for it.
      if (name in content.done) return content.done[name] as Result
      const result = await act()
      content.done[name] = result
      await save(path, content)
      return result
    },
    close: () => rename(path, `${path}.last`),
  }
}

async function load(path: string, network: string): Promise<Content> {
  if (!existsSync(path)) return { network, done: {} }
  const content = parseRow<Content>(await readFile(path, 'utf8'))
  if (content.network !== network) {
    throw new DemoError(
      `${path} belongs to an unfinished demo on another network (${content.network}, this one is ${network}). Delete the file to begin anew.`,
    )
  }
  return content
}

async function save(path: string, content: Content): Promise<void> {
  const file = await open(`${path}.tmp`, 'w', 0o600)
  await file.writeFile(formatRow(content))
  await file.sync()
  await file.close()
  await rename(`${path}.tmp`, path)
}

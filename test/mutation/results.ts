import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import type { Result } from './pool.ts'

// What runs found, outside of the tree: a run goes on where one of the same sources ended, and a run of other sources tries the test
// first that found the same error before.

export type Results = {
  /** Of the same sources, by the id of the mutant. */
  readonly known: Map<string, Result>
  /** The test that last found a mutant. */
  expected(id: string): string | undefined
  /** @param complete Whether all stages were run, so that a survivor is one. */
  add(result: Result, complete: boolean): void
}

export function openResults(project: string, fresh: boolean): Results {
  const folder = join(process.env.HASHSAND_CACHE ?? join(homedir(), '.cache', 'hashsand'), 'mutation')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${hashOf(project)}.jsonl`)
  const killersPath = join(folder, 'killers.jsonl')
  if (fresh) rmSync(path, { force: true })
  const known = new Map(read(path).map((result) => [result.id, result]))
  const killers = new Map(read(killersPath).map(({ id, by }) => [id, by]))
  return {
    known,
    expected: (id) => killers.get(id),
    add(result, complete) {
      known.set(result.id, result)
      const line = `${JSON.stringify(result)}\n`
      if (complete || result.verdict !== 'survived') appendFileSync(path, line)
      const byTest = result.verdict === 'killed' && !result.by.includes(' ')
      if (byTest && killers.get(result.id) !== result.by) appendFileSync(killersPath, line)
    },
  }
}

/** Of all that decides about a verdict. */
function hashOf(project: string): string {
  const hash = createHash('sha256')
  for (const folder of ['contracts', 'test/contracts', 'test/vectors', 'test/mutation']) {
    const entries = readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    for (const path of paths.sort()) {
      if (/\.md$|\.test\.ts$|survivors\.json$/.test(path)) continue
      hash.update(relative(project, path)).update(readFileSync(path))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function read(path: string): Result[] {
  if (!existsSync(path)) return []
  // Safe: we wrote it, whole lines at a time; the last one may be cut off.
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Result)
}

import { execFileSync } from 'node:child_process'
import { UnknownBaseError } from './errors.ts'
import type { Mutant } from './mutants.ts'

/** Lines by file that differ from `base`, in what is committed or not. Lines that were only removed count as the line after them. */
export function changedLines(
  project: string,
  base: string,
  folders: readonly string[],
): Map<string, Set<number>> {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: project, encoding: 'utf8', stdio: 'pipe' })
  let from: string
  try {
    from = git('merge-base', base, 'HEAD').trim()
  } catch (error) {
    throw new UnknownBaseError(base, error)
  }
  return linesOf(git('diff', '--unified=0', '--no-color', '--no-ext-diff', from, '--', ...folders))
}

export function linesOf(diff: string): Map<string, Set<number>> {
  const lines = new Map<string, Set<number>>()
  let current = new Set<number>()
  for (const line of diff.split('\n')) {
    const file = /^\+\+\+ b\/(.+)$/.exec(line)?.[1]
    if (file !== undefined) {
      current = new Set()
      lines.set(file, current)
    }
    const [, first, count = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    if (first === undefined) continue
    for (let at = 0; at < Math.max(1, Number(count)); at++) current.add(Number(first) + at)
  }
  return lines
}

export function isOnLines(
  { file, line, lastLine }: Mutant,
  lines: ReadonlyMap<string, ReadonlySet<number>>,
): boolean {
  const changed = lines.get(file)
  if (changed === undefined) return false
  for (let at = line; at <= lastLine; at++) if (changed.has(at)) return true
  return false
}

/** At most `most`, spread evenly over all: the same ones each time. */
export function sample<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return all.filter(
    (_, at) => Math.floor((at * most) / all.length) !== Math.floor(((at - 1) * most) / all.length),
  )
}

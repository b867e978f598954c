import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCompiler, sourcesOf } from './compiler.ts'
import { NotCompiledError } from './errors.ts'
import { apply } from './mutants.ts'
import type { Outcome, Task } from './pool.ts'
import { openWorkspace } from './workspace.ts'

// One of the processes that test mutants: its own compiler, its own copy of the project, one mutant after another.

const [root = '', ...files] = process.argv.slice(2)
const sources = sourcesOf(root, files)
const compiler = openCompiler(sources)
const workspace = openWorkspace(root)
const code = compiler.code(files, undefined, false)
let optimised: string | undefined

process.on('message', (task: Task) => {
  const begin = Date.now()
  void outcomeOf(task).then((outcome) => {
    process.send?.({ id: task.mutant.id, ms: Date.now() - begin, ...outcome })
  })
})
process.send?.('ready')

async function outcomeOf({ mutant, expected, stages }: Task): Promise<Outcome> {
  const changed = { file: mutant.file, source: apply(readFileSync(join(root, mutant.file)), mutant) }
  try {
    const mutated = compiler.code(files, changed, false)
    if (JSON.stringify(mutated) === JSON.stringify(code)) return { verdict: 'same', by: 'the same code' }
    workspace.place(mutated)
  } catch (error) {
    if (error instanceof NotCompiledError)
      return { verdict: 'invalid', by: error.message.split('\n')[0] ?? '' }
    throw error
  }
  const verdict = await workspace.test(mutant.id, expected, stages)
  if ('killedBy' in verdict) return { verdict: 'killed', by: verdict.killedBy }
  // What the optimiser makes the same code of cannot be told apart by any test.
  optimised ??= JSON.stringify(compiler.code(files, undefined, true))
  if (JSON.stringify(compiler.code(files, changed, true)) === optimised) {
    return { verdict: 'same', by: 'the same code once it is optimised' }
  }
  return { verdict: 'survived', by: '' }
}

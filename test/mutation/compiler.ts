import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, posix } from 'node:path'
import { z } from 'zod'
import { isNode, type Node } from './ast.ts'
import { NotCompiledError } from './errors.ts'

// npm's solc inside of this process: warm, it compiles the ledger in a second where a fresh one takes three.

export type Sources = ReadonlyMap<string, Buffer>

/** Creation code by file and contract, without 0x. */
export type Code = Record<string, Record<string, string>>

const require = createRequire(import.meta.url)

const outputSchema = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).optional(),
  contracts: z
    .record(
      z.string(),
      z.record(z.string(), z.object({ evm: z.object({ bytecode: z.object({ object: z.string() }) }) })),
    )
    .optional(),
  sources: z.record(z.string(), z.object({ ast: z.unknown().optional() })).optional(),
})

/** The files and all that they import, by the names that solc knows them by. */
export function sourcesOf(root: string, files: readonly string[]): Map<string, Buffer> {
  const sources = new Map<string, Buffer>()
  const add = (name: string) => {
    if (sources.has(name)) return
    const inside = join(root, name)
    const source = readFileSync(existsSync(inside) ? inside : join(root, 'node_modules', name))
    sources.set(name, source)
    for (const [, path = ''] of source.toString().matchAll(/^(?:import|\}) ?[^;"]*"([^"]+)";/gm)) {
      add(path.startsWith('.') ? posix.join(posix.dirname(name), path) : path)
    }
  }
  for (const file of files) add(file)
  return sources
}

export type Compiler = {
  trees(files: readonly string[]): Map<string, Node>
  /** Throws `NotCompiledError` for what is no program. */
  code(
    files: readonly string[],
    changed: { file: string; source: string } | undefined,
    optimised: boolean,
  ): Code
}

/**
 * What it listens for on the process is taken away again: it would throw every rejection that is handled late, also those of whoever
 * shares this process.
 */
function loadSolc(): { compile(input: string): string } {
  const events = ['unhandledRejection', 'uncaughtException']
  const listeners = () =>
    events.flatMap((event) => process.rawListeners(event).map((one) => ({ event, one })))
  const before = new Set(listeners().map(({ one }) => one))
  // Safe: it is the interface of the pinned version, and its answer is checked.
  const solc = require('solc') as { compile(input: string): string }
  for (const { event, one } of listeners()) {
    // Safe: it was just listed as a listener.
    if (!before.has(one)) process.removeListener(event, one as () => void)
  }
  return solc
}

export function openCompiler(sources: Sources): Compiler {
  const solc = loadSolc()
  const compile = (settings: object, changed?: { file: string; source: string }) => {
    const contents = [...sources].map(([name, source]) => [name, { content: source.toString() }])
    const input = { language: 'Solidity', sources: Object.fromEntries(contents), settings }
    if (changed !== undefined) Object.assign(input.sources, { [changed.file]: { content: changed.source } })
    const output = outputSchema.parse(JSON.parse(solc.compile(JSON.stringify(input))))
    const error = output.errors?.find(({ severity }) => severity === 'error')
    if (error !== undefined) throw new NotCompiledError(error.formattedMessage)
    return output
  }
  return {
    trees(files) {
      const { sources: parsed } = compile({ outputSelection: { '*': { '': ['ast'] } } })
      const trees = files.map((file) => [file, parsed?.[file]?.ast] as const)
      return new Map(trees.flatMap(([file, tree]) => (isNode(tree) ? [[file, tree]] : [])))
    },
    code(files, changed, optimised) {
      const selected = files.map((file) => [file, { '*': ['evm.bytecode.object'] }])
      const settings = {
        evmVersion: 'cancun',
        optimizer: { enabled: optimised, runs: 2000 },
        metadata: { bytecodeHash: 'none', appendCBOR: false },
        outputSelection: Object.fromEntries(selected),
      }
      const { contracts = {} } = compile(settings, changed)
      return Object.fromEntries(
        Object.entries(contracts).map(([file, named]) => [
          file,
          Object.fromEntries(
            Object.entries(named).map(([name, { evm }]) => [name, evm.bytecode.object] as const),
          ),
        ]),
      )
    },
  }
}

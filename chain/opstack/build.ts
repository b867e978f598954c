import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../artifacts.ts'
import { findGo } from './go.ts'
import { buildProgram, builtWithoutGo, type GoProgram, programPath } from './goProgram.ts'

/** The programs of the engine, in the order of their building, each by its full path: three of them end in `cmd`. */
const programs = [
  { name: 'geth', module: 'node', source: 'github.com/ethereum/go-ethereum/cmd/geth' },
  { name: 'op-node', module: 'node', source: 'github.com/ethereum-optimism/optimism/op-node/cmd' },
  { name: 'op-batcher', module: 'node', source: 'github.com/ethereum-optimism/optimism/op-batcher/cmd' },
  // The last release known to propose to an L2OutputOracle. It needs an op-geth of its own, hence a module of its own.
  {
    name: 'op-proposer',
    module: 'proposer',
    source: 'github.com/ethereum-optimism/optimism/op-proposer/cmd',
  },
] as const

type Program = (typeof programs)[number]
export type ProgramName = Program['name']

export type OpStackBuild = {
  /** Path of each program. */
  binaries: Record<ProgramName, string>
  /** Version of each program, as its module pins it. */
  versions: Record<ProgramName, string>
}

export type BuildParameters = {
  /** Where the programs go, outside the tracked tree: for example a folder in the user's cache. */
  cacheDir: string
  /** That of the user: Go finds its caches, its proxy and itself by it. */
  environment: Readonly<Record<string, string | undefined>>
  onProgress?: (step: string) => void
}

/**
 * Builds what is missing of the engine's programs. They are kept under the hash of their pins and the version of Go,
 * so they are built anew when one of these changes. A machine whose programs are built needs Go no more.
 */
export async function buildOpStack({
  cacheDir,
  environment,
  onProgress,
}: BuildParameters): Promise<OpStackBuild> {
  const known = allBuiltWithoutGo(cacheDir)
  const go = await findGo(environment).catch((error: unknown) => {
    if (known === undefined) throw error
    return undefined
  })
  const paths: [ProgramName, string][] = []
  for (const [index, program] of programs.entries()) {
    const path = go === undefined ? known?.[program.name] : programPath(cacheDir, pinned(program), go.version)
    if (path === undefined) continue
    if (go !== undefined && !existsSync(path)) {
      onProgress?.(`building ${program.name} ${versionOf(program)} (${index + 1} of ${programs.length})`)
      await buildProgram(go, pinned(program), path)
    }
    paths.push([program.name, path])
  }
  const versions = programs.map((program) => [program.name, versionOf(program)])
  // Safe: both have one entry for each program.
  return {
    binaries: Object.fromEntries(paths) as OpStackBuild['binaries'],
    versions: Object.fromEntries(versions) as OpStackBuild['versions'],
  }
}

/** Folder of a module in the repository: its go.mod and go.sum are the pins. */
function moduleFolder(module: Program['module']): string {
  return join(root, 'chain', 'opstack', module)
}

function pinned({ name, module, source }: Program): GoProgram {
  return { name, source, label: `op-stack-${module}`, folder: moduleFolder(module) }
}

/** Programs of the present pins from any version of Go, if all of them are there. */
function allBuiltWithoutGo(cacheDir: string): Record<string, string> | undefined {
  const paths: Record<string, string> = {}
  for (const program of programs) {
    const path = builtWithoutGo(cacheDir, pinned(program))
    if (path === undefined) return undefined
    paths[program.name] = path
  }
  return paths
}

function versionOf({ name, module }: Program): string {
  const pins = readFileSync(join(moduleFolder(module), 'go.mod'), 'utf8')
  const repository = name === 'geth' ? 'op-geth' : 'optimism'
  return new RegExp(`ethereum-optimism/${repository} (v\\S+)`).exec(pins)?.[1] ?? 'unknown'
}

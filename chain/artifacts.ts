import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Abi, Hex } from 'viem'
import { z } from 'zod'
import { ArtifactError } from './errors.ts'

/** The repository's root: contracts, node_modules and launchers are found from here. */
export const root = rootAbove(import.meta.dirname)
const modules = join(root, 'node_modules')

export const opPackage = join(modules, '@eth-optimism/contracts-bedrock')
const uniswapCore = join(modules, '@uniswap/v3-core/artifacts/contracts')
const uniswapPeriphery = join(modules, '@uniswap/v3-periphery/artifacts/contracts')
const openzeppelin = join(modules, '@openzeppelin/contracts/build/contracts')

/** Where a contract's compiled form comes from. `hashsand` needs a `forge build` before. */
export type ArtifactSource = 'hashsand' | 'op' | 'uniswap-core' | 'uniswap-periphery' | 'openzeppelin'

export type Artifact = {
  abi: Abi
  /** Creation code without constructor arguments. */
  bytecode: Hex
  deployedBytecode: Hex
  /** Byte offsets of library addresses in `bytecode`, by library name. */
  links: Record<string, readonly number[]>
}

// Forge writes {object}, hardhat and truffle-like artifacts the bare string.
const code = z.union([z.string(), z.object({ object: z.string() }).transform(({ object }) => object)])
const schema = z.object({
  abi: z.array(z.unknown()),
  bytecode: code,
  deployedBytecode: code,
  linkReferences: z
    .record(z.string(), z.record(z.string(), z.array(z.object({ start: z.number() }))))
    .default({}),
})

function pathOf(source: ArtifactSource, name: string): string {
  const contract = name.split('/').at(-1) ?? name
  switch (source) {
    case 'hashsand':
      return join(root, 'out', `${contract}.sol`, `${contract}.json`)
    case 'op':
      return join(opPackage, 'forge-artifacts', `${contract}.sol`, `${contract}.json`)
    case 'uniswap-core':
      return join(uniswapCore, `${name}.sol`, `${contract}.json`)
    case 'uniswap-periphery':
      return join(uniswapPeriphery, `${name}.sol`, `${contract}.json`)
    case 'openzeppelin':
      return join(openzeppelin, `${contract}.json`)
  }
}

const loaded = new Map<string, Artifact>()

/** Reads a compiled contract; `name` may carry a folder (`lens/QuoterV2`). Throws ArtifactError when it is absent. */
export function loadArtifact(source: ArtifactSource, name: string): Artifact {
  const path = pathOf(source, name)
  const known = loaded.get(path)
  if (known !== undefined) return known

  if (!existsSync(path)) throw new ArtifactError(name, path, source === 'hashsand')
  const json = schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  const links = Object.values(json.linkReferences).flatMap((file) =>
    Object.entries(file).map(([library, places]) => [library, places.map(({ start }) => start)] as const),
  )
  const artifact: Artifact = {
    // Safe: written by a Solidity compiler.
    abi: json.abi as Abi,
    bytecode: asHex(json.bytecode),
    deployedBytecode: asHex(json.deployedBytecode),
    links: Object.fromEntries(links),
  }
  loaded.set(path, artifact)
  return artifact
}

function asHex(text: string): Hex {
  // Safe: compiler output is hexadecimal, with or without the prefix; unlinked places are filled before use.
  return (text.startsWith('0x') ? text : `0x${text}`) as Hex
}

/** By its own file: code may run from a bundle, which is elsewhere than its source. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'foundry.toml')) ? folder : rootAbove(dirname(folder))
}

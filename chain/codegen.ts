import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Abi, type AbiItem, type Address, getAddress, toHex } from 'viem'
import { type ArtifactSource, loadArtifact, opPackage, root } from './artifacts.ts'
import { BaseError, CodegenError } from './errors.ts'

// Writes chain/generated/: every ABI and address that TypeScript uses. `--check` only compares.

const MAX_FILE_BYTES = 1 << 20

/** Our contracts: with bytecode, because they are deployed from here. */
const ours = [
  'RewardIndex',
  'SignerBonds',
  'EthereumRelay',
  'IndexFeed',
  'BitcoinRelay',
  'Ledger',
  'Facade',
  'Listing',
  'OutputProposer',
  'DepositWithGas',
  'PayoutForwarder',
  'PayoutForwarderFactory',
  'TestWBTC',
] as const

/** Contracts of others: ABI only, their bytecode is read from the package at deploy time. */
const opContracts = [
  ['op', 'AddressManager'],
  ['op', 'DisputeGameFactory'],
  ['op', 'GasPriceOracle'],
  ['op', 'L1Block'],
  ['op', 'L1CrossDomainMessenger'],
  ['op', 'L1ERC721Bridge'],
  ['op', 'L1StandardBridge'],
  ['op', 'L2CrossDomainMessenger'],
  ['op', 'L2ERC721Bridge'],
  ['op', 'L2OutputOracle'],
  ['op', 'L2StandardBridge'],
  ['op', 'L2ToL1MessagePasser'],
  ['op', 'OptimismMintableERC20'],
  ['op', 'OptimismMintableERC20Factory'],
  ['op', 'OptimismPortal'],
  ['op', 'ProtocolVersions'],
  ['op', 'Proxy'],
  ['op', 'ProxyAdmin'],
  ['op', 'SequencerFeeVault'],
  ['op', 'SuperchainConfig'],
  ['op', 'SystemConfig'],
  ['op', 'WETH'],
] as const
const uniswapContracts = [
  ['uniswap-core', 'UniswapV3Factory'],
  ['uniswap-core', 'UniswapV3Pool'],
  ['uniswap-periphery', 'NonfungiblePositionManager'],
  ['uniswap-periphery', 'SwapRouter'],
  ['uniswap-periphery', 'lens/QuoterV2'],
] as const

const HEADER = '// Written by `npm run codegen`. Do not edit.\n'

/** Each generated file with what writes it. */
export const writers: Record<string, () => string> = {
  'abi.ts': oursFile,
  'opAbi.ts': () => theirsFile(opContracts),
  'uniswapAbi.ts': () => theirsFile(uniswapContracts),
  'openzeppelinAbi.ts': () => theirsFile([['openzeppelin', 'TimelockController']]),
  'addresses.ts': addressesFile,
}

export function generate(): [file: string, text: string][] {
  return Object.entries(writers).map(([file, write]) => {
    const text = write()
    if (text.length < MAX_FILE_BYTES) return [file, text]
    throw new CodegenError(
      `chain/generated/${file} would be ${text.length} bytes, the limit is ${MAX_FILE_BYTES}. Trim the list of contracts in chain/codegen.ts.`,
    )
  })
}

function oursFile(): string {
  const artifacts = ours.map((name) => ({ name, ...loadArtifact('hashsand', name) }))
  const contracts = artifacts.map(
    ({ name, abi, bytecode }) =>
      `export const ${camel(name)} = {\n  abi: ${abiText(abi)},\n  bytecode:\n    '${bytecode}',\n} as const\n`,
  )
  const errors = new Map<string, AbiItem>()
  for (const { abi } of artifacts) {
    for (const item of abi) if (item.type === 'error') errors.set(JSON.stringify(item), item)
  }
  const comment =
    '/** Every custom error of our contracts: decodes a revert that came from a contract further down. */'
  const ordered = [...errors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
  const all = `${comment}\nexport const hashsandErrors = ${abiText(ordered)} as const\n`
  return [HEADER, ...contracts, all].join('\n')
}

function theirsFile(contracts: readonly (readonly [ArtifactSource, string])[]): string {
  const exports = contracts.map(([source, name]) => {
    const contract = name.split('/').at(-1) ?? name
    return `export const ${camel(contract)}Abi = ${abiText(loadArtifact(source, name).abi)} as const\n`
  })
  return [HEADER, ...exports].join('\n')
}

function addressesFile(): string {
  const op = join(opPackage, 'src/libraries')
  const predeploySource = readFileSync(join(op, 'Predeploys.sol'), 'utf8')
  const predeploys = namedBy(predeploySource, addressConstants(predeploySource))
  const preinstalls = addressConstants(readFileSync(join(op, 'Preinstalls.sol'), 'utf8'))
  const hashsand = mapKeys(
    addressConstants(readFileSync(join(root, 'contracts/libraries/HashsandPredeploys.sol'), 'utf8')),
    pascal,
  )
  const constants = mapKeys(addressConstants(readFileSync(join(op, 'Constants.sol'), 'utf8')), pascal)
  return [
    HEADER,
    addressTable("OP's predeploys, by contract name.", 'predeploys', predeploys),
    addressTable('Contracts that every OP chain has from block 0, by name.', 'preinstalls', preinstalls),
    addressTable("Hashsand's own predeploys.", 'hashsandPredeploys', hashsand),
    addressTable('Addresses with a meaning in the protocol of OP.', 'opConstants', {
      ...constants,
      AliasOffset: found(join(opPackage, 'src/vendor/AddressAliasHelper.sol'), /offset = \w+\((0x\w{40})\)/),
      CodeNamespace: found(join(op, 'Predeploys.sol'), /\| uint256\(uint160\((0x\w{40})\)\)/),
    }),
  ].join('\n')
}

/** `address … constant NAME = 0x…;`, also behind `address(…)`. */
function addressConstants(source: string): Record<string, Address> {
  const matches = source.matchAll(
    /address (?:internal|public )?\s*constant (\w+)\s*=\s*(?:address\()?(0x[0-9a-fA-F]{1,40}|\d+)\)?;/g,
  )
  const entries = [...matches].map(([, name = '', address = '']) => [name, padded(address)] as const)
  return Object.fromEntries(entries)
}

/** Renames Predeploys.sol's constants to the contract names that its `getName` answers. */
function namedBy(source: string, constants: Record<string, Address>): Record<string, Address> {
  return mapKeys(constants, (name) => {
    const answer = source.match(new RegExp(`_addr == ${name}\\) return "(\\w+)"`))?.[1]
    if (answer === undefined) throw new CodegenError(`Predeploys.sol has no name for ${name}.`)
    return answer
  })
}

function found(path: string, pattern: RegExp): Address {
  const address = readFileSync(path, 'utf8').match(pattern)?.[1]
  if (address === undefined)
    throw new CodegenError(`${path} has nothing like ${pattern}. Is it another version?`)
  return padded(address)
}

function addressTable(comment: string, name: string, table: Record<string, Address>): string {
  if (Object.keys(table).length === 0) throw new CodegenError(`No addresses found for ${name}.`)
  const rows = Object.entries(table).map(([key, value]) => `  ${key}: '${value}',`)
  return `/** ${comment} */\nexport const ${name} = {\n${rows.join('\n')}\n} as const\n`
}

function abiText(abi: Abi | readonly AbiItem[]): string {
  return `[\n${abi.map((item) => `  ${JSON.stringify(item)},`).join('\n')}\n]`
}

function padded(address: string): Address {
  return getAddress(toHex(BigInt(address), { size: 20 }))
}

function mapKeys<T>(table: Record<string, T>, rename: (key: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [rename(key), value]))
}

/** `REWARD_INDEX` → `RewardIndex`. */
function pascal(name: string): string {
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

/** `WETH` → `weth`, `L1Block` → `l1Block`. */
function camel(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.charAt(0).toLowerCase() + name.slice(1)
}

function build(): void {
  const forge = join(root, 'chain/bin/forge')
  const { status } = spawnSync(forge, ['build', 'contracts', '--quiet'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new CodegenError('forge build failed, see above. Nothing was written.')
}

/** The generated files that `folder` has not, or not like this. */
export function staleIn(folder: string): [file: string, text: string][] {
  return generate().filter(([file, text]) => {
    const path = join(folder, file)
    return !existsSync(path) || readFileSync(path, 'utf8') !== text
  })
}

function main(check: boolean): void {
  build()
  const folder = join(root, 'chain/generated')
  const stale = staleIn(folder)
  if (check && stale.length > 0) {
    const names = stale.map(([file]) => `chain/generated/${file}`).join(', ')
    throw new CodegenError(`Stale: ${names}. Run npm run codegen and commit the result.`)
  }
  for (const [file, text] of stale) writeFileSync(join(folder, file), text)
  const lines = stale.map(([file]) => `wrote chain/generated/${file}\n`)
  process.stdout.write(lines.join('') || 'chain/generated is fresh\n')
}

if (process.argv[1] === import.meta.filename) {
  try {
    main(process.argv.includes('--check'))
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  keccak256,
  size,
  slice,
  stringToHex,
  toHex,
} from 'viem'
import { opPackage } from '../artifacts.ts'
import { ArtifactError } from '../errors.ts'
import { preinstalls } from '../generated/addresses.ts'

type PreinstallName = Exclude<keyof typeof preinstalls, 'BeaconBlockRootsSender'>

/** Where `Preinstalls.sol` writes the chain id and the EIP-712 domain into Permit2's template. */
const PERMIT2_CHAIN_ID_OFFSET = 6_945
const PERMIT2_DOMAIN_OFFSET = 6_983

const source = readFileSync(join(opPackage, 'src/libraries/Preinstalls.sol'), 'utf8')

function codeOf(constant: string): Hex {
  const code = source.match(new RegExp(`constant ${constant} =\\s*hex"([0-9a-f]+)"`))?.[1]
  if (code === undefined) throw new ArtifactError(constant, 'Preinstalls.sol', false)
  return `0x${code}`
}

/** Runtime code of the preinstalls that are the same on every chain. */
export const preinstallCodes: Record<Exclude<PreinstallName, 'Permit2'>, Hex> = {
  MultiCall3: codeOf('MultiCall3Code'),
  Create2Deployer: codeOf('Create2DeployerCode'),
  Safe_v130: codeOf('Safe_v130Code'),
  SafeL2_v130: codeOf('SafeL2_v130Code'),
  MultiSendCallOnly_v130: codeOf('MultiSendCallOnly_v130Code'),
  SafeSingletonFactory: codeOf('SafeSingletonFactoryCode'),
  DeterministicDeploymentProxy: codeOf('DeterministicDeploymentProxyCode'),
  MultiSend_v130: codeOf('MultiSend_v130Code'),
  SenderCreator: codeOf('SenderCreatorCode'),
  EntryPoint: codeOf('EntryPointCode'),
  BeaconBlockRoots: codeOf('BeaconBlockRootsCode'),
}

/** All preinstalls of a chain, by address. */
export function preinstallsOf(chainId: number): Map<Address, Hex> {
  const codes: Record<PreinstallName, Hex> = { ...preinstallCodes, Permit2: permit2Code(chainId) }
  // Safe: `codes` has exactly these keys.
  const names = Object.keys(codes) as PreinstallName[]
  return new Map(names.map((name) => [preinstalls[name], codes[name]]))
}

/** Permit2 keeps its chain id and domain as immutables. */
function permit2Code(chainId: number): Hex {
  const domainType = 'EIP712Domain(string name,uint256 chainId,address verifyingContract)'
  const domain = keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }],
      [
        keccak256(stringToHex(domainType)),
        keccak256(stringToHex('Permit2')),
        BigInt(chainId),
        preinstalls.Permit2,
      ],
    ),
  )
  const template = codeOf('Permit2TemplateCode')
  return writeWord(
    writeWord(template, PERMIT2_CHAIN_ID_OFFSET, toHex(chainId, { size: 32 })),
    PERMIT2_DOMAIN_OFFSET,
    domain,
  )
}

function writeWord(code: Hex, offset: number, word: Hex): Hex {
  return concat([slice(code, 0, offset), word, slice(code, offset + 32, size(code))])
}

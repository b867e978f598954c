import {
  type Abi,
  type Address,
  concat,
  encodeDeployData,
  getContractAddress,
  type Hex,
  zeroHash,
} from 'viem'
import { preinstalls } from '../generated/addresses.ts'

/** Creation code with its arguments, and the address to which the deterministic deployer brings it on any chain. */
export type Create2Deployment = { address: Address; initCode: Hex; calldata: Hex }

export function create2Deployment(
  { abi, bytecode }: { abi: Abi; bytecode: Hex },
  args: readonly unknown[] = [],
): Create2Deployment {
  const initCode = encodeDeployData({ abi, bytecode, args })
  const address = getContractAddress({
    opcode: 'CREATE2',
    from: preinstalls.DeterministicDeploymentProxy,
    salt: zeroHash,
    bytecode: initCode,
  })
  return { address, initCode, calldata: concat([zeroHash, initCode]) }
}

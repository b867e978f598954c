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

/** Where a CREATE2 brings a contract, and the call of the deterministic deployer that does it. */
export type Create2Deployment = { address: Address; calldata: Hex }

/** By default through the deterministic deployer, which stands at the same address on every chain. */
export function create2Deployment(
  { abi, bytecode }: { abi: Abi; bytecode: Hex },
  args: readonly unknown[] = [],
  { from, salt }: { from: Address; salt: Hex } = {
    from: preinstalls.DeterministicDeploymentProxy,
    salt: zeroHash,
  },
): Create2Deployment {
  const initCode = encodeDeployData({ abi, bytecode, args })
  return {
    address: getContractAddress({ opcode: 'CREATE2', from, salt, bytecode: initCode }),
    calldata: concat([salt, initCode]),
  }
}

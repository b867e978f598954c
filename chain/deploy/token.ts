import { type Address, encodeAbiParameters, encodeFunctionData, type Hex, keccak256 } from 'viem'
import { loadArtifact } from '../artifacts.ts'
import { predeploys } from '../generated/addresses.ts'
import { optimismMintableERC20FactoryAbi } from '../generated/opAbi.ts'
import { create2Deployment } from './create2.ts'

export type TokenDefinition = {
  /** The token on L1. */
  l1: Address
  name: string
  symbol: string
  decimals: number
}

/**
 * The L2 end of a token pair: where OP's factory puts it and the call that does it. The plain `createOptimismMintableERC20`
 * would give it 18 decimals whatever the L1 token has.
 */
export function bridgedToken({ l1, name, symbol, decimals }: TokenDefinition): {
  address: Address
  calldata: Hex
} {
  const salt = keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'string' }, { type: 'string' }, { type: 'uint8' }],
      [l1, name, symbol, decimals],
    ),
  )
  const { address } = create2Deployment(
    loadArtifact('op', 'OptimismMintableERC20'),
    [predeploys.L2StandardBridge, l1, name, symbol, decimals],
    { from: predeploys.OptimismMintableERC20Factory, salt },
  )
  const calldata = encodeFunctionData({
    abi: optimismMintableERC20FactoryAbi,
    functionName: 'createOptimismMintableERC20WithDecimals',
    args: [l1, name, symbol, decimals],
  })
  return { address, calldata }
}

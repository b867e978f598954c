import { type Address, encodeFunctionData, type Hex, maxUint128, type PublicClient } from 'viem'
import {
  nonfungiblePositionManagerAbi,
  quoterV2Abi,
  swapRouterAbi,
  uniswapV3FactoryAbi,
} from '../../../chain/generated/uniswapAbi.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { type Pair, sqrtPriceX96 } from './price.ts'

/** 0.3 %, the tier whose ticks lie 60 apart. */
const fee = 3_000
/** The widest range on that grid: the demo is about the path, not about market making. */
const widestTick = 887_220

export type Uniswap = NonNullable<Manifest['l2']['contracts']>

export type MintParameters = {
  contracts: Uniswap
  pair: Pair
  baseAmount: bigint
  quoteAmount: bigint
  recipient: Address
  deadline: bigint
}

/**
 * Makes the pool at the price that the two amounts imply and puts both in, in one transaction, so that nobody can set
 * another price in between. The position manager leaves an existing pool as it is; the minimum of 99 % then protects
 * the maker.
 */
export function listCall({ contracts, pair, baseAmount, quoteAmount, recipient, deadline }: MintParameters) {
  const [amount0, amount1] = pair.baseIsToken0 ? [baseAmount, quoteAmount] : [quoteAmount, baseAmount]
  const create = encodeFunctionData({
    abi: nonfungiblePositionManagerAbi,
    functionName: 'createAndInitializePoolIfNecessary',
    args: [pair.token0, pair.token1, fee, sqrtPriceX96(pair, baseAmount, quoteAmount)],
  })
  const mint = encodeFunctionData({
    abi: nonfungiblePositionManagerAbi,
    functionName: 'mint',
    args: [
      {
        token0: pair.token0,
        token1: pair.token1,
        fee,
        tickLower: -widestTick,
        tickUpper: widestTick,
        amount0Desired: amount0,
        amount1Desired: amount1,
        amount0Min: (amount0 * 99n) / 100n,
        amount1Min: (amount1 * 99n) / 100n,
        recipient,
        deadline,
      },
    ],
  })
  return multicall(contracts.NonfungiblePositionManager, [create, mint])
}

/** Takes all liquidity out of positions and collects everything that they are owed. */
export function unlistCall(
  contracts: Uniswap,
  positions: readonly Position[],
  recipient: Address,
  deadline: bigint,
) {
  const calls = positions.flatMap(({ tokenId, liquidity }) => [
    encodeFunctionData({
      abi: nonfungiblePositionManagerAbi,
      functionName: 'decreaseLiquidity',
      args: [{ tokenId, liquidity, amount0Min: 0n, amount1Min: 0n, deadline }],
    }),
    encodeFunctionData({
      abi: nonfungiblePositionManagerAbi,
      functionName: 'collect',
      args: [{ tokenId, recipient, amount0Max: maxUint128, amount1Max: maxUint128 }],
    }),
  ])
  return multicall(contracts.NonfungiblePositionManager, calls)
}

export type Position = { tokenId: bigint; liquidity: bigint }

/** All positions of an owner, oldest first. */
export async function positionsOf(
  client: PublicClient,
  contracts: Uniswap,
  owner: Address,
): Promise<Position[]> {
  const manager = {
    address: contracts.NonfungiblePositionManager,
    abi: nonfungiblePositionManagerAbi,
  } as const
  const count = await client.readContract({ ...manager, functionName: 'balanceOf', args: [owner] })
  const positions: Position[] = []
  for (let index = 0n; index < count; index++) {
    const tokenId = await client.readContract({
      ...manager,
      functionName: 'tokenOfOwnerByIndex',
      args: [owner, index],
    })
    const position = await client.readContract({ ...manager, functionName: 'positions', args: [tokenId] })
    positions.push({ tokenId, liquidity: position[7] })
  }
  return positions
}

export type SwapParameters = { contracts: Uniswap; tokenIn: Address; tokenOut: Address; amountIn: bigint }

/** What a swap would give now. */
export async function quote(
  client: PublicClient,
  { contracts, tokenIn, tokenOut, amountIn }: SwapParameters,
): Promise<bigint> {
  const { result } = await client.simulateContract({
    address: contracts.QuoterV2,
    abi: quoterV2Abi,
    functionName: 'quoteExactInputSingle',
    args: [{ tokenIn, tokenOut, fee, amountIn, sqrtPriceLimitX96: 0n }],
  })
  return result[0]
}

export function swapCall(
  { contracts, tokenIn, tokenOut, amountIn }: SwapParameters,
  {
    recipient,
    deadline,
    amountOutMinimum,
  }: { recipient: Address; deadline: bigint; amountOutMinimum: bigint },
) {
  const data = encodeFunctionData({
    abi: swapRouterAbi,
    functionName: 'exactInputSingle',
    args: [
      { tokenIn, tokenOut, fee, recipient, deadline, amountIn, amountOutMinimum, sqrtPriceLimitX96: 0n },
    ],
  })
  return { to: contracts.SwapRouter, data, value: 0n }
}

export function poolOf(client: PublicClient, contracts: Uniswap, pair: Pair): Promise<Address> {
  return client.readContract({
    address: contracts.UniswapV3Factory,
    abi: uniswapV3FactoryAbi,
    functionName: 'getPool',
    args: [pair.token0, pair.token1, fee],
  })
}

function multicall(to: Address, calls: Hex[]) {
  const data = encodeFunctionData({
    abi: nonfungiblePositionManagerAbi,
    functionName: 'multicall',
    args: [calls],
  })
  return { to, data, value: 0n }
}

import {
  type Address,
  type Client,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  erc20Abi,
  BaseError as ViemError,
} from 'viem'
import { readContract } from 'viem/actions'
import { TokenPairError } from './errors.ts'
import { predeploys } from './generated/addresses.ts'
import { optimismMintableERC20Abi } from './generated/opAbi.ts'
import type { Manifest } from './manifest.ts'

export type TokenPair = Manifest['tokens'][number]

/** Checks both ends of every bridged token. A pair that lies about its decimals or its other end is refused. */
export async function checkTokens(
  clients: { l1: Client; l2: Client },
  pairs: readonly TokenPair[],
): Promise<void> {
  await Promise.all(pairs.map((pair) => checkPair(clients, pair)))
}

async function checkPair({ l1, l2 }: { l1: Client; l2: Client }, pair: TokenPair): Promise<void> {
  const end = { address: pair.l2, abi: optimismMintableERC20Abi } as const
  const [l1Decimals, l2Decimals, remoteToken, bridge] = await Promise.all([
    orRefuse(pair, `decimals of ${pair.l1} on L1`, decimalsOf(l1, pair.l1)),
    orRefuse(pair, `decimals of ${pair.l2} on L2`, decimalsOf(l2, pair.l2)),
    orRefuse(
      pair,
      `remoteToken of ${pair.l2} on L2`,
      readContract(l2, { ...end, functionName: 'remoteToken' }),
    ),
    orRefuse(pair, `bridge of ${pair.l2} on L2`, readContract(l2, { ...end, functionName: 'bridge' })),
  ])
  expectSame(pair, 'decimals on L1', l1Decimals, pair.decimals)
  expectSame(pair, 'decimals on L2', l2Decimals, l1Decimals)
  expectSame(pair, 'remote token on L2', remoteToken, pair.l1)
  expectSame(pair, 'bridge on L2', bridge, predeploys.L2StandardBridge)
}

function decimalsOf(client: Client, address: Address): Promise<number> {
  return readContract(client, { address, abi: erc20Abi, functionName: 'decimals' })
}

/** A contract that does not answer is no token; a node that does not answer is another failure and stays itself. */
async function orRefuse<T>({ symbol }: TokenPair, what: string, answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    if (!isContractsFault(cause)) throw cause
    throw new TokenPairError(symbol, what, 'no answer', 'a bridged token', cause)
  })
}

function isContractsFault(error: unknown): boolean {
  if (!(error instanceof ViemError)) return false
  const fault = error.walk(
    (cause) =>
      cause instanceof ContractFunctionRevertedError || cause instanceof ContractFunctionZeroDataError,
  )
  return fault !== null
}

function expectSame(
  { symbol }: TokenPair,
  what: string,
  given: string | number,
  expected: string | number,
): void {
  if (String(given).toLowerCase() !== String(expected).toLowerCase()) {
    throw new TokenPairError(symbol, what, String(given), String(expected))
  }
}

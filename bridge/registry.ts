import { type Address, isAddressEqual, type PublicClient, zeroAddress } from 'viem'
import { l1StandardBridgeAbi, optimismMintableERC20Abi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import { checkTokens, type TokenPair } from '../chain/tokens.ts'
import { LostRecipientError, UnbackedTokenError, UnknownTokenError, WrongRemoteTokenError } from './errors.ts'

// Which token is which on the other side. L1's bridge takes any address for the other end and asks nobody: what is sent to one that is no
// end of it stays locked for ever, as Bedrock pays nothing back. So nothing is sent but what is found here.

type Pairs = readonly TokenPair[]

export type TokenRegistry = {
  /** All of them, each checked on both chains when the registry was opened. */
  pairs: Pairs
  /** By its address on L1. Throws UnknownTokenError. */
  byL1(token: Address): TokenPair
  /** By its address on L2. Throws UnknownTokenError. */
  byL2(token: Address): TokenPair
  /** By its symbol, in any case; undefined when there is none. */
  bySymbol(symbol: string): TokenPair | undefined
}

/**
 * Reads every pair of the manifest on both chains. Throws TokenPairError where decimals, remote token or bridge are others than the manifest
 * says.
 */
export async function openTokenRegistry(
  clients: { l1: PublicClient; l2: PublicClient },
  { manifest }: { manifest: Pick<Manifest, 'tokens'> },
): Promise<TokenRegistry> {
  const { tokens: pairs } = manifest
  await checkTokens(clients, pairs)
  return {
    pairs,
    byL1: (token) => pairByL1(pairs, token),
    byL2: (token) => pairByL2(pairs, token),
    bySymbol: (symbol) => pairs.find((pair) => pair.symbol.toUpperCase() === symbol.toUpperCase()),
  }
}

/**
 * To be asked before a deposit, never before a withdrawal: who is in must be let out. Throws UnbackedTokenError where L2 has more of a token
 * than L1 holds for it.
 */
export async function checkBacking(
  { l1, l2 }: { l1: PublicClient; l2: PublicClient },
  { bridge, pair }: { /** The L1 standard bridge. */ bridge: Address; pair: TokenPair },
): Promise<void> {
  // L2 first: coins are locked before they are minted, and burned before they are let out. So more may be locked, never less.
  const minted = await l2.readContract({
    address: pair.l2,
    abi: optimismMintableERC20Abi,
    functionName: 'totalSupply',
  })
  const locked = await l1.readContract({
    address: bridge,
    abi: l1StandardBridgeAbi,
    functionName: 'deposits',
    args: [pair.l1, pair.l2],
  })
  if (minted > locked) throw new UnbackedTokenError(pair.symbol, minted, locked)
}

/* LOOKING UP */

/** The pair of a token on L1. Throws UnknownTokenError. */
export function pairByL1(pairs: Pairs, token: Address): TokenPair {
  return known(
    pairs.find(({ l1 }) => isAddressEqual(l1, token)),
    token,
  )
}

/** The pair of a token on L2. Throws UnknownTokenError. */
export function pairByL2(pairs: Pairs, token: Address): TokenPair {
  return known(
    pairs.find(({ l2 }) => isAddressEqual(l2, token)),
    token,
  )
}

/**
 * The pair with exactly these two ends, for who has both from somewhere else: a form, a list of tokens, a link. Throws UnknownTokenError and,
 * for a look-alike on L2, WrongRemoteTokenError.
 */
export function pairOf(pairs: Pairs, { l1, l2 }: { l1: Address; l2: Address }): TokenPair {
  const pair = pairByL1(pairs, l1)
  if (!isAddressEqual(pair.l2, l2)) throw new WrongRemoteTokenError(pair.l1, l2, pair.l2)
  return pair
}

function known(pair: TokenPair | undefined, token: Address): TokenPair {
  if (pair === undefined) throw new UnknownTokenError(token)
  return pair
}

/* RECIPIENTS */

/**
 * Refuses an address from which nobody could move what is sent to it, or which the contracts let have nothing: address 0, and those of
 * `dead`, which are the token and the bridge of the side where it arrives. Throws LostRecipientError.
 */
export function checkRecipient(to: Address, ...dead: readonly Address[]): void {
  if ([zeroAddress, ...dead].some((address) => isAddressEqual(address, to))) throw new LostRecipientError(to)
}

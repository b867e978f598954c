import type { Address } from 'viem'

/** How a pair of tokens is named in Uniswap: the lower address first. */
export type Pair = { token0: Address; token1: Address; baseIsToken0: boolean }

export function pairOf(base: Address, quote: Address): Pair {
  const baseIsToken0 = base.toLowerCase() < quote.toLowerCase()
  return baseIsToken0
    ? { token0: base, token1: quote, baseIsToken0 }
    : { token0: quote, token1: base, baseIsToken0 }
}

/**
 * The pool's starting price at which `baseAmount` is worth `quoteAmount`, both in base units: Uniswap v3 keeps
 * √(token1/token0) · 2^96, here floored.
 */
export function sqrtPriceX96(pair: Pair, baseAmount: bigint, quoteAmount: bigint): bigint {
  const [amount0, amount1] = pair.baseIsToken0 ? [baseAmount, quoteAmount] : [quoteAmount, baseAmount]
  return sqrtFloor((amount1 << 192n) / amount0)
}

/** Newton's method from above; ends at ⌊√value⌋. */
export function sqrtFloor(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** `value` with all digits after the first `digits` set to zero, so that a printed quantity is the exact one. */
export function roundDownToDigits(value: bigint, digits: number): bigint {
  const drop = value.toString().length - digits
  if (drop <= 0) return value
  const unit = 10n ** BigInt(drop)
  return (value / unit) * unit
}

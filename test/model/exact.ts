/** A fraction of whole numbers, positive denominator. The model rounds in two functions, and in no other place. */
export type Exact = { over: bigint; under: bigint }

export const exact = (over: bigint, under = 1n): Exact => ({ over, under })
export const zero = exact(0n)

export const plus = (a: Exact, b: Exact): Exact =>
  exact(a.over * b.under + b.over * a.under, a.under * b.under)
export const minus = (a: Exact, b: Exact): Exact => plus(a, exact(-b.over, b.under))
export const times = (a: Exact, b: Exact): Exact => exact(a.over * b.over, a.under * b.under)

/** Negative, zero or positive, as `a - b` is. */
export const compare = (a: Exact, b: Exact): bigint => a.over * b.under - b.over * a.under
export const least = (a: Exact, b: Exact): Exact => (compare(a, b) <= 0n ? a : b)
export const most = (a: Exact, b: Exact): Exact => (compare(a, b) >= 0n ? a : b)

/** The largest whole number that is not above. */
export function down({ over, under }: Exact): bigint {
  const towardsZero = over / under
  return towardsZero * under > over ? towardsZero - 1n : towardsZero
}

/** The smallest whole number that is not below. */
export function up({ over, under }: Exact): bigint {
  return -down(exact(-over, under))
}

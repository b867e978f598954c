import { type Hash, type Hex, isAddress } from 'viem'
import { z } from 'zod'
import { type PoolRow, poolRow, pools } from '../../../oracle/pools/poolRow.ts'

/*
 * What nodes say to each other. Strict: a field too many is refused like one too few, and amounts are decimal strings, since a JSON
 * number would lose digits.
 */

/** Days in one message. */
export const maxDays = 16
/** Statements of one node about one day that are worth telling: more rounds than that went wrong for another reason. */
export const maxRoundsTold = 8

const uint = (bits: number) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,77})$/, 'not a whole number in decimal digits')
    .transform(BigInt)
    .refine((value) => value < 2n ** BigInt(bits), `more than ${bits} bits`)
const small = (bits: number) =>
  z
    .number()
    .int()
    .min(0)
    .max(2 ** bits - 1)

const hash = z.custom<Hash>(
  (value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value),
  'not 32 bytes',
)
const address = z.custom<Hex>(
  (value) => typeof value === 'string' && isAddress(value, { strict: false }),
  'not an address',
)

/** The contract takes no other form: v is 27 or 28 and s lies in the lower half of the curve's order. */
const signature = z.custom<Hex>(
  (value) =>
    typeof value === 'string' &&
    /^0x[0-9a-f]{128}(1b|1c)$/.test(value) &&
    BigInt(`0x${value.slice(66, 130)}`) <= halfOrder,
  'not a signature in the form that the contract takes',
)
const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

const report = z.strictObject({
  network: small(32),
  day: small(24),
  round: small(32).min(1),
  lastHeight: small(32),
  lastBlockHash: hash,
  work: uint(256),
  subsidy: uint(128),
  fees: uint(128),
  cappedFees: uint(128),
  medianFee: uint(128),
  poolRowsRoot: hash,
})

/** What a leaf holds, and nothing of the account beyond it. */
const row = z
  .strictObject({
    pool: z.enum(pools),
    day: small(24),
    scheme: z.enum(['PPS', 'FPPS', 'PPS+', 'PPLNS', 'TIDES', 'SOLO', 'MIXED']),
    hashrate: uint(128),
    reward: uint(128),
  })
  .transform((published) => poolRow({ ...published, settled: false }))

export const refusals = [
  'observing',
  'not-ready',
  'other-network',
  'other-config',
  'not-a-signer',
  'bad-signature',
  'day-not-over',
  'already-settled',
  'day-unknown',
  'round-not-open',
  'round-over',
  'differs',
  'not-your-turn',
  'implausible',
  'signed-another',
] as const
export type Refusal = (typeof refusals)[number]

const signedReport = z.strictObject({ report, signature })

export const helloRequest = z.strictObject({})
export const helloAnswer = z.strictObject({
  address,
  network: small(32),
  live: z.boolean(),
  configDigest: hash.optional(),
  lastClosedDay: small(24).optional(),
})
export type HelloAnswer = z.infer<typeof helloAnswer>

export const signedRequest = z
  .strictObject({ network: small(32), firstDay: small(24), lastDay: small(24) })
  .refine(({ firstDay, lastDay }) => lastDay >= firstDay && lastDay - firstDay < maxDays, 'too many days')
export type SignedRequest = z.infer<typeof signedRequest>
export const signedAnswer = z.strictObject({ signed: z.array(signedReport).max(maxDays * maxRoundsTold) })
export type SignedAnswer = z.infer<typeof signedAnswer>

export const rowsAnswer = z.strictObject({
  rows: z.array(row).max(maxDays * pools.length),
  /** Days of which no more rows are to be waited for. */
  ready: z.array(small(24)).max(maxDays),
})
export type RowsAnswer = z.output<typeof rowsAnswer>

/** What is told of a row. */
export function toldRow({ pool, day, scheme, hashrate, reward }: PoolRow) {
  return { pool, day, scheme, hashrate, reward }
}

export const proposeRequest = z.strictObject({
  configDigest: hash,
  proposals: z
    .array(
      z.strictObject({
        ...{ attempt: small(32), report, signature },
        /** Those behind the report's root. */
        rows: z.array(row).max(pools.length).default([]),
      }),
    )
    .min(1)
    .max(maxDays),
})
export type ProposeRequest = z.infer<typeof proposeRequest>
export type Proposal = ProposeRequest['proposals'][number]
export const proposeAnswer = z.strictObject({
  answers: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('signed'), signature }),
        z.strictObject({ kind: z.literal('refused'), reason: z.enum(refusals), detail: z.string().max(200) }),
      ]),
    )
    .max(maxDays),
})
/** In the order of the proposals. */
export type ProposeAnswer = z.infer<typeof proposeAnswer>

export const refusalAnswer = z.strictObject({ refused: z.string().max(300) })

/** The bytes that are signed and sent. */
export function encode(message: unknown): string {
  return JSON.stringify(message, (_key, value) => (typeof value === 'bigint' ? value.toString() : value))
}

/** Undefined where the bytes are not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

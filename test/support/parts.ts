import assert from 'node:assert/strict'
import { createPublicClient, http } from 'viem'
import { ledger } from '../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../chain/generated/addresses.ts'
import type { Manifest } from '../../chain/manifest.ts'

type Line = Record<string, unknown>
/** Of a JSON line: bigints are decimal strings. */
type Values = Record<string, string>

const SCALE = 10n ** 36n

/**
 * Reckons from the days that a demo printed what each part of its LONG had to pay, and compares: strips and LONG pay
 * their sums, the bond min(X, K), the equity the rest; both pairs pay what LONG pays but for a satoshi; the miner and
 * the buyer held all of what was cut.
 */
export async function assertParts(manifest: Manifest, lines: readonly Line[]): Promise<void> {
  const [index] = manifest.indices
  assert.ok(index)
  const l2 = createPublicClient({ transport: http(manifest.l2.rpcUrl) })
  const { tick, caps } = await l2.readContract({
    address: hashsandPredeploys.Ledger,
    abi: ledger.abi,
    functionName: 'termsOf',
    args: [index.id],
  })
  const earned = (component: number, name: string) =>
    lines
      .filter(({ step }) => String(step).startsWith('day-'))
      .map((day) => least(numberIn(day, 'facts', name), (caps[component] ?? 0n) * tick))
      .reduce((sum, reward) => sum + reward, 0n)
  const [subsidy, fees] = [earned(0, 'subsidyIndex'), earned(1, 'cappedFeesIndex')]
  const total = subsidy + fees

  const cut = lineOf(lines, 'cut')
  const quantity = numberIn(cut, 'positions', 'of each part')
  const strike = numberIn(cut, 'facts', 'strikeTicks') * tick
  const pays = (value: bigint) => (quantity * value) / SCALE
  const parts = valuesIn(lineOf(lines, 'parts'), 'amounts')
  const expected = {
    LONG: pays(total),
    subsidy: pays(subsidy),
    fees: pays(fees),
    bond: pays(least(total, strike)),
    equity: pays(total - least(total, strike)),
  }
  assert.deepEqual(parts, Object.fromEntries(Object.entries(expected).map(([k, v]) => [k, String(v)])))
  for (const pair of [expected.subsidy + expected.fees, expected.bond + expected.equity]) {
    assert.ok(pair === expected.LONG || pair === expected.LONG - 1n, `${pair} of ${expected.LONG}`)
  }

  const [miner, buyer] = [lineOf(lines, 'redeem-miner'), lineOf(lines, 'redeem-buyer')]
  for (const part of ['subsidy strip', 'bond', 'equity']) {
    assert.equal(numberIn(miner, 'positions', part), quantity, part)
  }
  const strips = numberIn(miner, 'positions', 'fee strip') + numberIn(buyer, 'positions', 'fee strip')
  // The pool rounds against whoever takes liquidity out.
  assert.ok(strips <= quantity && strips >= quantity - 10n, `${strips} fee strips of ${quantity}`)
}

function lineOf(lines: readonly Line[], step: string): Line {
  const found = lines.find((line) => line.step === step)
  assert.ok(found, `no step ${step}`)
  return found
}

function valuesIn(line: Line, field: string): Values {
  // Safe: these fields of a step are records of numbers and texts.
  return (line[field] ?? {}) as Values
}

function numberIn(line: Line, field: string, name: string): bigint {
  const value = valuesIn(line, field)[name]
  assert.ok(value !== undefined, `${line.step} has no ${field}.${name}`)
  return BigInt(value)
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

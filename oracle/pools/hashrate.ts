import { z } from 'zod'
import { floorDown, parseDecimal } from './decimal.ts'

/** Far above the whole network's. What is above it was read in a wrong unit. */
export const highestHashrate = 10n ** 24n

const prefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z']
const unitPattern = /^([KMGTPEZ]?)(?:H(?:\/s)?)?$/i
const withUnit = /^([\d.eE+-]*\d)\s*([KMGTPEZ]?(?:H(?:\/s)?)?)$/i

/** H/s, floored, of a decimal and its unit: 'Gh/s', 'PH', 'T', or '' for H/s. */
export function hashrateDown(text: string, unit: string): bigint | undefined {
  const prefix = unitPattern.exec(unit.trim())?.[1]
  const value = parseDecimal(text)
  if (prefix === undefined || value === undefined) return undefined
  const hashes = floorDown(value * 1_000n ** BigInt(prefixes.indexOf(prefix.toUpperCase())))
  return hashes > highestHashrate ? undefined : hashes
}

const parsed = (parse: (text: string) => bigint | undefined, expected: string) =>
  z.string().transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `is no hashrate ${expected}` })
    return z.NEVER
  })

/** H/s without a unit, floored. */
export const hashesPerSecond = parsed((text) => hashrateDown(text, ''), 'in H/s')

/** A number and its unit in one text, '142T' or '3.61 PH/s'. A number without one is refused: its unit would be a guess. */
export const hashrateWithUnit = parsed((text) => {
  const match = withUnit.exec(text.trim())
  if (match === null) return undefined
  const [, value = '', unit = ''] = match
  return unit === '' && value !== '0' ? undefined : hashrateDown(value, unit)
}, 'with its unit')

import { PoolAnswerError } from './errors.ts'

const token = /"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g

/**
 * Reads JSON and keeps each number as its own text, for a double would round what is above 2^53 or has many decimals.
 * So a number and a string of the same digits are the same value, and pools do change between the two.
 */
export function readJson(pool: string, text: string): unknown {
  try {
    JSON.parse(text)
  } catch {
    throw new PoolAnswerError(pool, '', 'is not JSON')
  }
  // Safe: the text is valid JSON by now, so outside strings only numbers begin with a digit or a minus.
  return JSON.parse(text.replace(token, (found) => (found.startsWith('"') ? found : `"${found}"`)))
}

/**
 * JSON in which a bigint is a string of digits with an n behind it, as in source code. Put together here: a replacer makes JSON.stringify take
 * twice as long, and a history has many rows. Throws TypeError where JSON.stringify would make nothing of it.
 */
export function formatRow(value: unknown): string {
  const text = format(value)
  if (text === undefined) throw new TypeError(`a row of type ${typeof value} can't be stored`)
  return text
}

/** Most strings: hexadecimal digits, names of states and of fields. */
const needsNoEscape = /^[\w:. -]*$/

function format(value: unknown): string | undefined {
  if (typeof value === 'string') return needsNoEscape.test(value) ? `"${value}"` : JSON.stringify(value)
  if (typeof value === 'bigint') return `"${value}n"`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const isArray = Array.isArray(value)
  let inner = ''
  // As JSON.stringify does: what it makes nothing of is left out of an object, and is null in an array.
  for (const name of Object.keys(value)) {
    const text = format(value[name as never])
    if (text === undefined && !isArray) continue
    if (inner !== '') inner += ','
    inner += isArray ? (text ?? 'null') : `${format(name)}:${text}`
  }
  return isArray ? `[${inner}]` : `{${inner}}`
}

export function parseRow<Row>(text: string): Row {
  // Safe: only formatRow writes rows, and a Row is what was given to it.
  return withBigints(JSON.parse(text)) as Row
}

/** In place, and field by field only here: a reviver takes three times as long, and a history has many rows. */
function withBigints(value: unknown): unknown {
  if (typeof value === 'string') return isBigint(value) ? BigInt(value.slice(0, -1)) : value
  if (typeof value !== 'object' || value === null) return value
  // Safe: what JSON.parse makes is an array, or an object of string keys.
  const fields = value as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    const field = fields[key]
    if (typeof field === 'string' || typeof field === 'object') fields[key] = withBigints(field)
  }
  return value
}

function isBigint(text: string): boolean {
  return text.endsWith('n') && /^-?\d+n$/.test(text)
}

/** JSON in which a bigint is a string of digits with an n behind it, as in source code. */
export function formatRow(value: unknown): string {
  return JSON.stringify(value, (_key, field) => (typeof field === 'bigint' ? `${field}n` : field))
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

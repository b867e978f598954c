/** What a text says as JSON, for a schema to judge; undefined where it is none. */
export function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

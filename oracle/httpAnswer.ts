/** The body as text. Stops reading a longer one than `limit` bytes, and throws what `tooLong` makes. */
export async function readText(response: Response, limit: number, tooLong: () => Error): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > limit) throw tooLong()
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Retry-After, in seconds or as a date; `otherwise` where it says nothing that can be read, or a time that is over. */
export function retryAfterSeconds(response: Response, otherwise: number): number {
  const text = response.headers.get('retry-after') ?? ''
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1_000)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : otherwise
}

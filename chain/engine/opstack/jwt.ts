import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { JwtFileError } from './errors.ts'

/** Makes the secret that op-geth and op-node share, readable by the owner alone, unless it is there already. */
export async function ensureJwt(path: string): Promise<void> {
  if (!existsSync(path)) await writeFile(path, randomBytes(32).toString('hex'), { mode: 0o600, flush: true })
  readJwt(path)
}

function readJwt(path: string): Buffer {
  const secret = readFileSync(path, 'utf8').trim()
  if (!/^(0x)?[0-9a-f]{64}$/i.test(secret)) throw new JwtFileError(path)
  return Buffer.from(secret.replace(/^0x/, ''), 'hex')
}

/** A token as the engine API wants it: signed with HMAC-SHA256, good for a minute. */
export function jwtToken(path: string, nowSeconds = Math.floor(Date.now() / 1_000)): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: nowSeconds })}`
  return `${signed}.${createHmac('sha256', readJwt(path)).update(signed).digest('base64url')}`
}

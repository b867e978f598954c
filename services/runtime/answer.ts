import { STATUS_CODES } from 'node:http'
import type { Response } from 'express'

/** JSON in which a bigint is a decimal string. */
export function answer(response: Response, body: unknown): void {
  const text = JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? value.toString() : value))
  response.type('application/json').send(text)
}

/** What went wrong, as RFC 9457 has it. `detail` is for the reader and says what to do. */
export function problem(response: Response, status: number, detail: string): void {
  response
    .status(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title: STATUS_CODES[status], status, detail })
}

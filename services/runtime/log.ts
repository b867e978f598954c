import { type Logger, pino } from 'pino'

export type Log = Logger

/**
 * One JSON line per event on standard output, named with dots: `log.info({ epoch }, 'oracle.report.sent')`.
 * Bigints are written as strings: as bare JSON numbers they would lose digits in any reader.
 */
export function createLog(service: string, level = 'info'): Log {
  return pino({
    name: service,
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: withStringBigints },
    redact: { paths: ['privateKey', '*.privateKey', 'mnemonic', '*.mnemonic'], remove: true },
  })
}

function withStringBigints(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]),
  )
}

import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

export type Log = Logger

/**
 * One JSON line per event on standard output, named with dots: `log.info({ epoch }, 'oracle.report.sent')`.
 * Bigints are written as strings: as bare JSON numbers they would lose digits in any reader.
 */
export function createLog(service: string, level = 'info', destination?: DestinationStream): Log {
  const options: LoggerOptions = {
    name: service,
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: withStringBigints },
    redact: { paths: ['privateKey', '*.privateKey', 'mnemonic', '*.mnemonic'], remove: true },
    hooks: { streamWrite: withBareUrls },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/** Leaves of each URL the host alone: what stands before or behind it may be a token, and errors of libraries carry the whole. */
function withBareUrls(line: string): string {
  return line.replace(/\b(https?|wss?):\/\/(?:[^\s"\\/@]*@)?([^\s"\\/?#]+)[^\s"\\]*/g, '$1://$2')
}

function withStringBigints(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]),
  )
}

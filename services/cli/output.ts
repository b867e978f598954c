import pc from 'picocolors'
import { BaseError as ViemError } from 'viem'
import { BaseError } from '../../chain/errors.ts'
import { nodeIsSilent } from '../runtime/loop.ts'
import { exitCode } from '../runtime/main.ts'

/**
 * Where a command writes. Results go to standard output, one JSON object a line with `--json`; progress and errors go
 * to standard error, so that a pipe carries results alone.
 */
export type Output = {
  readonly json: boolean
  /** A result: `text` for people, `fields` for programs. */
  result(fields: Record<string, unknown>, text: string): void
  /** Something long is under way. Repeated calls replace the line on a terminal. */
  progress(text: string): void
  /** What is so now, of something that is watched: drawn over the frame before on a terminal, where there is none `line` alone. */
  frame(fields: Record<string, unknown>, shown: { text: string; line: string }): void
  /** Ends a replaced line. */
  done(): void
}

type Stream = { isTTY?: boolean; write(text: string): unknown }

export function createOutput(
  json: boolean,
  { stdout, stderr }: { stdout: Stream; stderr: Stream } = process,
): Output {
  const live = stderr.isTTY === true && !json
  let open = false
  const done = () => {
    if (open) stderr.write('\n')
    open = false
  }
  return {
    json,
    result(fields, text) {
      done()
      stdout.write(json ? `${toJson(fields)}\n` : `${text}\n`)
    },
    progress(text) {
      if (json) return
      if (!live) {
        stderr.write(`${text}\n`)
        return
      }
      stderr.write(`\r\u001b[2K${pc.dim(text)}`)
      open = true
    },
    frame(fields, { text, line }) {
      if (json) stdout.write(`${toJson(fields)}\n`)
      else stdout.write(stdout.isTTY === true ? `${clearScreen}${text}\n` : `${line}\n`)
    },
    done,
  }
}

/** Also what was scrolled away: the next frame begins at the top. */
const clearScreen = '\u001b[H\u001b[2J\u001b[3J'

/** One line of JSON in which bigints are decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  )
}

/** Writes a failure as one line (or one JSON object) on standard error and returns the exit code that goes with it. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof BaseError) {
    const fields = { error: error.name, message: error.message, retry: error.retry }
    process.stderr.write(json ? `${toJson(fields)}\n` : `${pc.red('error')} ${error.message}\n`)
    return error.retry ? exitCode.retry : exitCode.failed
  }
  if (nodeIsSilent(error)) {
    const message = `A node stopped answering: ${shortMessage(error)} Look at hashsand status, or start the network again.`
    process.stderr.write(
      json ? `${toJson({ error: 'NodeSilent', message, retry: true })}\n` : `${pc.red('error')} ${message}\n`,
    )
    return exitCode.retry
  }
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${pc.red('bug')} ${stack}\n`)
  return exitCode.bug
}

/** viem's first line; the rest is the request body. */
function shortMessage(error: unknown): string {
  return error instanceof ViemError ? error.shortMessage : String(error)
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { BaseError } from '../../../chain/errors.ts'
import { stopSignal } from '../../runtime/stop.ts'
import { contextOf, manifestOf } from '../context.ts'
import { ApiUnreachableError } from '../errors.ts'
import type { Output } from '../output.ts'
import { type NetworkStatus, statusLine, statusSchema, statusText } from '../statusText.ts'

const everyMs = 2_000

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('what every service of the network says of itself')
    .option('--watch', 'again every two seconds until Ctrl-C; one line each time where there is no terminal')
    .action(async (options: { watch?: boolean }, command: Command) => {
      const context = contextOf(command)
      const { services } = await manifestOf(context)
      if (services.api === undefined) throw new ApiUnreachableError('(none in the manifest)')
      if (options.watch === true) return watch(services.api, context.output)
      const status = await fetchStatus(services.api)
      context.output.result(status, statusText(status))
    })
}

/** An api that is away for a while ends nothing: that is what one watches for. */
async function watch(url: string, output: Output): Promise<void> {
  const signal = stopSignal()
  while (!signal.aborted) {
    try {
      const status = await fetchStatus(url)
      output.frame(status, { text: statusText(status), line: statusLine(status) })
    } catch (error) {
      if (!(error instanceof BaseError && error.retry)) throw error
      output.frame(
        { error: error.name, message: error.message },
        { text: error.message, line: error.message },
      )
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
}

async function fetchStatus(url: string): Promise<NetworkStatus> {
  const response = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(5_000) }).catch(
    (cause: unknown) => {
      throw new ApiUnreachableError(url, cause)
    },
  )
  return statusSchema.parse(await response.json())
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import pc from 'picocolors'
import { z } from 'zod'
import { contextOf, manifestOf } from '../context.ts'
import { ApiUnreachableError } from '../errors.ts'

const answer = z.object({
  network: z.object({ name: z.string(), engine: z.string(), l1ChainId: z.number(), l2ChainId: z.number() }),
  healthy: z.boolean(),
  services: z.record(
    z.string(),
    z.object({
      up: z.boolean(),
      status: z.record(z.string(), z.unknown()).optional(),
      reason: z.string().optional(),
    }),
  ),
})
type Answer = z.infer<typeof answer>

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('what every service of the network says of itself')
    .option('--watch', 'again every two seconds until Ctrl-C')
    .action(async (options: { watch?: boolean }, command: Command) => {
      const context = contextOf(command)
      const { services } = await manifestOf(context)
      if (services.api === undefined) throw new ApiUnreachableError('(none in the manifest)')
      do {
        const status = await fetchStatus(services.api)
        context.output.result(status, describe(status))
        if (options.watch === true) await sleep(2_000)
      } while (options.watch === true)
    })
}

async function fetchStatus(url: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(5_000) }).catch(
    (cause: unknown) => {
      throw new ApiUnreachableError(url, cause)
    },
  )
  return answer.parse(await response.json())
}

function describe({ network, healthy, services }: Answer): string {
  const head = `${network.name} (${network.engine}), L1 ${network.l1ChainId}, L2 ${network.l2ChainId}: ${healthy ? pc.green('healthy') : pc.red('not healthy')}`
  const blocks = Object.entries(services).map(([name, service]) => {
    if (!service.up) return `  ${pc.red(name)} is down: ${service.reason ?? 'no reason given'}`
    const fields = Object.entries(service.status ?? {}).map(
      ([key, value]) =>
        `    ${key.padEnd(22)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    return [`  ${pc.bold(name)}`, ...fields].join('\n')
  })
  return [head, ...blocks].join('\n')
}

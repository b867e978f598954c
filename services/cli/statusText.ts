import pc from 'picocolors'
import { z } from 'zod'

/** What the api answers to `/v1/status`. */
export const statusSchema = z.object({
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
export type NetworkStatus = z.infer<typeof statusSchema>

const backfillSchema = z.object({
  read: z.coerce.bigint(),
  of: z.coerce.bigint(),
  secondsLeft: z.number(),
  blocksPerSecond: z.number(),
  messagesPerSecond: z.number(),
})
const headSchema = z.looseObject({ head: z.coerce.bigint() })

/** All that every service says of itself. */
export function statusText({ network, healthy, services }: NetworkStatus): string {
  const head = `${network.name} (${network.engine}), L1 ${network.l1ChainId}, L2 ${network.l2ChainId}: ${healthy ? pc.green('healthy') : pc.red('not healthy')}`
  const blocks = Object.entries(services).map(([name, service]) => {
    if (!service.up) return `  ${pc.red(name)} is down: ${service.reason ?? 'no reason given'}`
    const fields = Object.entries(service.status ?? {}).map(
      ([key, value]) =>
        `    ${key.padEnd(22)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    return [`  ${pc.bold(name)}`, ...fields].join('\n')
  })
  return [head, ...backfillText(services.sequencer?.status), ...blocks].join('\n')
}

/** The same in one line: heads, what is wrong, and how far a backfill has come. */
export function statusLine({ network, healthy, services }: NetworkStatus): string {
  const status = services.sequencer?.status
  const down = Object.entries(services).filter(([, { up }]) => !up)
  const heads = (['l1', 'l2'] as const).flatMap((side) => {
    const head = headSchema.safeParse(status?.[side])
    return head.success ? [`${side.toUpperCase()} ${head.data.head}`] : []
  })
  const alerts = z.record(z.string(), z.string()).safeParse(status?.alerts)
  const parts = [
    `${network.name} ${healthy ? 'healthy' : 'not healthy'}`,
    ...heads,
    ...down.map(([name]) => `${name} is down`),
    ...(alerts.success ? Object.keys(alerts.data).map((name) => `alert ${name}`) : []),
    ...backfillText(status),
  ]
  return parts.join(', ')
}

function backfillText(status: Record<string, unknown> | undefined): string[] {
  const history = backfillSchema.safeParse(status?.history)
  if (!history.success) return []
  const { read, of, secondsLeft, blocksPerSecond, messagesPerSecond } = history.data
  return [
    `history ${read} of ${of} blocks, ${blocksPerSecond} blocks/s, ${messagesPerSecond} messages/s, ${secondsLeft} s left`,
  ]
}

import { z } from 'zod'
import type { Manifest } from '../../chain/manifest.ts'

/** What one service answered when asked for its status: its own words, or why there are none. */
export type ServiceStatus = { up: true; status: unknown } | { up: false; reason: string }

export type NetworkStatus = {
  network: { name: string; engine: string; l1ChainId: number; l2ChainId: number }
  /** Whether every service answered. */
  healthy: boolean
  services: Record<string, ServiceStatus>
}

/** Asks every service that the manifest names for its status, side by side. */
export async function networkStatus(manifest: Manifest): Promise<NetworkStatus> {
  const { sequencer, relayer, watcher } = manifest.services
  // Only engine op-stack has a watcher.
  const asked = { sequencer, relayer, ...(watcher === undefined ? {} : { watcher }) }
  const answers = await Promise.all(
    Object.entries(asked).map(async ([name, url]) => [name, await statusOf(url)] as const),
  )
  return {
    network: {
      name: manifest.name,
      engine: manifest.engine,
      l1ChainId: manifest.l1.chainId,
      l2ChainId: manifest.l2.chainId,
    },
    healthy: answers.every(([, answer]) => answer.up),
    services: Object.fromEntries(answers),
  }
}

const anything = z.record(z.string(), z.unknown())

async function statusOf(url: string | undefined): Promise<ServiceStatus> {
  if (url === undefined) return { up: false, reason: 'not named in the manifest' }
  try {
    const response = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(2_000) })
    if (!response.ok) return { up: false, reason: `answered ${response.status}` }
    return { up: true, status: anything.parse(await response.json()) }
  } catch (error) {
    return { up: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

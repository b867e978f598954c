import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { DeployConfig, Deployment } from '../deploy/config.ts'
import { replaceFile } from './anvil/dump.ts'
import { OtherDeploymentError } from './errors.ts'

/** What `deployment.json` keeps of the first start. Its presence says that the chains are whole on disk. */
export type Stored = { config: DeployConfig; genesisTime: number; deployment: Deployment }

/** Undefined while the first start has not come to its end. Throws OtherDeploymentError. */
export async function readStored<Value extends Stored = Stored>(
  path: string,
  config: DeployConfig,
  dir: string,
): Promise<Value | undefined> {
  if (!existsSync(path)) return undefined
  // Safe: written by `writeStored`, whole or not at all.
  const stored = JSON.parse(await readFile(path, 'utf8')) as Value
  const differing = differences(
    JSON.parse(toJson(comparable(stored.config))),
    JSON.parse(toJson(comparable(config))),
  )
  if (differing.length > 0) throw new OtherDeploymentError(dir, differing)
  return stored
}

export async function writeStored<Value extends Stored = Stored>(path: string, stored: Value): Promise<void> {
  await replaceFile(path, toJson(stored))
}

/** The clock's start is the time of the first start: another one now is no contradiction. */
function comparable(config: DeployConfig): DeployConfig {
  return { ...config, clock: { ...config.clock, start: 0 } }
}

function differences(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item), 2)
}

import type { LocalAccount, PublicClient } from 'viem'
import type { Manifest } from '../../../chain/manifest.ts'
import type { RelayerConfig } from '../config.ts'
import type { Network } from '../network.ts'

/** What one look found. A warning is no reason not to run; a failure is. */
export type Finding = {
  check: string
  state: 'ok' | 'warn' | 'fail'
  detail: string
  /** What to do, unless all is well. */
  remedy?: string
}

/** What the later looks need; each look adds what it found out. */
export type Patient = {
  config: RelayerConfig
  manifest: Manifest
  network: Network
  account: LocalAccount
  client: PublicClient
  signal: AbortSignal
}

export const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail })
export const warn = (check: string, detail: string, remedy: string): Finding => ({
  ...{ check, state: 'warn', detail, remedy },
})
export const fail = (check: string, detail: string, remedy: string): Finding => ({
  ...{ check, state: 'fail', detail, remedy },
})

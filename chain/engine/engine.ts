import type { PrivateKeyAccount } from 'viem'
import type { DeployConfig, Deployment } from '../deploy/config.ts'
import type { BaseError } from '../errors.ts'
import type { Manifest } from '../manifest.ts'

export type EngineOptions = {
  /** The engine's own folder. Deleting it deletes both chains. */
  dir: string
  /** `l2` is the port of the node behind the public RPC. */
  ports: { l1: number; l2: number }
  /** Decided at the first start; a later start must bring the same. */
  config: DeployConfig
  /** Deploys the L1 side at the first start. */
  deployer: PrivateKeyAccount
  /** Runs when left-over nodes are gone and before new ones start: the moment to check that ports are free. */
  beforeStart?: () => Promise<void>
  onProgress?: (step: string) => void
}

/** Both chains, running. `anvil` is the embedded engine, `op-stack` the one of the large rollups. */
export type Engine = {
  readonly l1RpcUrl: string
  /**
   * The L2 node itself. On engine anvil only the sequencer talks to it, and users get the sequencer's front; on engine
   * op-stack it is the public RPC.
   */
  readonly l2RpcUrl: string
  readonly deployment: Deployment
  /** Resolves when a part of the engine ends by itself, with what happened. Never rejects. */
  readonly exited: Promise<BaseError>
  stop(): Promise<void>
}

export type AnvilEngine = Engine & {
  /** `{number, hash}` of the newest L1 block that is on disk: nothing younger may be acted on. */
  readonly l1DurablePath: string
  /** The dump store of L2, written by the sequencer: `openDumpStore({ dir })`. */
  readonly l2DumpDir: string
}

export type OpStackEngine = Engine & {
  /** As on engine anvil, where L1 is the bundled one. */
  readonly l1DurablePath?: string
  /** op-node's RPC: what is safe and final, and the output root of every block. */
  readonly nodeRpcUrl: string
  /** What a replica needs beside the manifest. */
  readonly files: { genesis: string; rollup: string; l1ChainConfig: string }
  /** The engine's share of the manifest, beside its deployment. */
  readonly opStack: NonNullable<Manifest['opStack']>
}

/** What an operator should hear of: an alert was dealt with, a page wants a person. */
export type EngineEvent = {
  severity: 'alert' | 'page'
  what:
    | 'component-restarted'
    | 'l1-reorganised'
    | 'safe-head-stuck'
    | 'safe-lag'
    | 'l2-stuck'
    | 'out-of-funds'
    | 'roots-behind'
    | 'beacon-unreachable'
    | 'window-missed'
    | 'window-regained'
  component?: string
  detail: string
}

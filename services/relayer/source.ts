import { replayFiles } from '../../oracle/developmentNetworks.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { createReplaySource } from '../../oracle/sources/replay.ts'
import { createSimulatorSource, type SimulatorCheckpoints } from '../../oracle/sources/simulator.ts'
import { NoSourceError } from './errors.ts'

export type SourceParameters = {
  kind: string
  data: string | undefined
  seed: string
  checkpoints: SimulatorCheckpoints
}

/** The source that the manifest names for the network. */
export function createSource({ kind, data, seed, checkpoints }: SourceParameters): BlockSource {
  if (kind === 'replay' && data !== undefined) return createReplaySource(replayFiles(data))
  if (kind === 'simulator') return createSimulatorSource({ seed, checkpoints })
  throw new NoSourceError(kind)
}

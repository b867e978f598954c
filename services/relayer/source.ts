import { replayFiles } from '../../oracle/developmentNetworks.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { createReplaySource } from '../../oracle/sources/replay.ts'
import { createSimulatorSource, type SimulatorCheckpoints } from '../../oracle/sources/simulator.ts'
import { NoSourceError } from './errors.ts'

/** What the sources are made from: settings of the process and its own store. */
export type SourceParameters = {
  data: string | undefined
  seed: string
  checkpoints: SimulatorCheckpoints
}

type SourceKind = {
  /** Undefined, with the settings given, means that one is missing. */
  create: (parameters: SourceParameters) => BlockSource | undefined
  /** What to set when it is. */
  needs: string
  /** What a store of its days is bound to, beside its name. */
  identity?: (parameters: Pick<SourceParameters, 'seed'>) => string
}

/** Every source that a node can have. A new one is one entry here. */
const kinds: Record<string, SourceKind> = {
  replay: {
    create: ({ data }) => (data === undefined ? undefined : createReplaySource(replayFiles(data))),
    needs: 'set HASHSAND_DATA to the folder of recorded blocks',
  },
  simulator: {
    create: createSimulatorSource,
    needs: '',
    identity: ({ seed }) => `simulator with seed ${seed}`,
  },
}

export function createSource(kind: string, parameters: SourceParameters): BlockSource {
  const known = kinds[kind]
  const source = known?.create(parameters)
  if (source !== undefined) return source
  throw new NoSourceError(kind, known?.needs ?? `this version knows ${Object.keys(kinds).join(', ')}`)
}

export function sourceIdentity(kind: string, parameters: Pick<SourceParameters, 'seed'>): string {
  return kinds[kind]?.identity?.(parameters) ?? kind
}

import { privateKeyToAccount } from 'viem/accounts'
import type { ChainTerms } from '../../deploy/config.ts'
import type { BaseError } from '../../errors.ts'
import type { EngineEvent } from '../engine.ts'
import { type CatchUpParameters, startCatchUp } from './catchUp.ts'
import { nodeRpcUrl, type Setting, startBatcher, startGeth, startNode, startProposer } from './components.ts'
import { startCurrent } from './current.ts'
import { openKeeper } from './keeper.ts'
import type { Life, Supervised } from './supervise.ts'
import { startWatch } from './watch.ts'

/** Two causes for a restart within this time are one. */
const SAME_CAUSE_MS = 3_000

export type RunParameters = {
  setting: Setting
  config: ChainTerms
  /** Absent: L1 is somebody else's. */
  startL1?: () => Promise<Life>
  onProgress?: (step: string) => void
  onEvent?: (event: EngineEvent) => void
}

export type Running = {
  /** Resolves when it could not be kept alive. Never rejects. */
  exited: Promise<BaseError>
  stop(): Promise<void>
}

/** Everything in order, each healthy before the next begins; stopped in the opposite order. */
export async function run(parameters: RunParameters): Promise<Running> {
  const { setting, config, startL1, onProgress, onEvent } = parameters
  const { keep, failures, stops, stop } = openKeeper({
    logOf: setting.paths.log,
    ...(onProgress && { onProgress }),
    ...(onEvent && { onEvent }),
  })
  let senders: Supervised[] = []
  let restartedMs = 0
  const restartSenders = () => {
    // An L1 that comes back is noticed twice: by its supervisor, and by a head that is gone.
    if (Date.now() - restartedMs < SAME_CAUSE_MS) return
    restartedMs = Date.now()
    for (const sender of senders) sender.restart()
  }
  try {
    // What it lost with its last block, the senders believe to be there.
    if (startL1 !== undefined) await keep('L1', startL1, restartSenders)
    await keep('geth', () => startGeth(setting))
    let isRecovering = false
    const node = await keep('op-node', () => startNode(setting, isRecovering))
    const recover = (from: boolean) => {
      isRecovering = from
      node.restart()
    }
    const batcher = await keep('op-batcher', () => startBatcher(setting))
    const proposer = await keep('op-proposer', () => startProposer(setting))
    senders = [batcher, proposer]
    const watches = [
      startWatch({ setting, config, batcher, restartSenders, recover, ...(onEvent && { onEvent }) }),
      startCatchUp(catchUpParameters(parameters, proposer)),
    ]
    for (const watch of watches) {
      stops.push(() => watch.stop())
      failures.push(watch.failed)
    }
    const exited = Promise.race(failures)
    const current = startCurrent({
      setting,
      config,
      ...(onProgress && { onProgress }),
    })
    stops.push(current.stop)
    const failure = await Promise.race([current.reached, exited])
    if (failure !== undefined) throw failure
    return { exited, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function catchUpParameters(
  { setting, config, onEvent, onProgress }: RunParameters,
  component: Supervised,
): CatchUpParameters {
  return {
    l1: { rpcUrl: setting.l1.rpcUrl, chainId: config.l1.chainId },
    nodeRpcUrl: nodeRpcUrl(setting),
    outputProposer: setting.outputProposer,
    proposer: privateKeyToAccount(setting.keys.proposer),
    component,
    onBehind: (missing) => {
      const detail = `${missing} output roots are missing. The engine sends them itself.`
      onEvent?.({ severity: 'alert', what: 'roots-behind', component: 'op-proposer', detail })
    },
    onProgress: (step) => onProgress?.(step),
  }
}

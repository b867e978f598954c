import type { ChainTerms } from '../../deploy/config.ts'
import { nodeRpcUrl, type Setting } from './components.ts'
import { limitsOf } from './judge.ts'
import { repeat } from './repeat.ts'
import { opNode, rpc } from './rpc.ts'

const POLL_MS = 1_000
/** L2 is current when it is no more behind than this. */
const FEW_BLOCKS = 5

export type CurrentParameters = {
  setting: Setting
  config: ChainTerms
  onProgress?: (step: string) => void
}

/**
 * After a pause L2 has the blocks of the pause to make, and L1 to take them in. What a user sent meanwhile could be
 * late for the sequencing window, so the engine counts as started when that is done.
 */
export function startCurrent({ setting, config, onProgress }: CurrentParameters) {
  const { lagBlocks } = limitsOf(config.bridge.sequencingWindowBlocks, config.l1.blockTimeSeconds)
  const client = rpc(nodeRpcUrl(setting))
  let reach: () => void = () => {}
  const reached = new Promise<undefined>((resolve) => {
    reach = () => resolve(undefined)
  })
  const looking = repeat(POLL_MS, async () => {
    const { unsafe_l2, safe_l2, head_l1 } = await opNode(client, 'optimism_syncStatus', [])
    // op-node has just come up and looks for the chain that it had.
    if (unsafe_l2.timestamp === 0) return
    const behind = Math.floor((Date.now() / 1_000 - unsafe_l2.timestamp) / config.l2.blockTimeSeconds)
    const lag = head_l1.number - safe_l2.l1origin.number
    if (behind <= FEW_BLOCKS && lag <= lagBlocks) return reach()
    onProgress?.(`L2: ${Math.max(0, behind)} blocks of a pause to make, ${lag} L1 blocks until all are safe`)
  })
  return { reached: reached.then(() => looking.stop()).then(() => undefined), stop: () => looking.stop() }
}

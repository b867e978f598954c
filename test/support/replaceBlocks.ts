import { setTimeout as sleep } from 'node:timers/promises'
import { createTestClient, http, ResourceNotFoundRpcError } from 'viem'

/**
 * Has anvil take its newest blocks back and mine as many in their place. While another block is being mined it may refuse, which
 * changes nothing, and is asked again; an answer that is lost is an error, for asked again it would go back once more.
 */
export async function replaceBlocks(url: string, depth: number): Promise<void> {
  const client = createTestClient({ mode: 'anvil', transport: http(url, { retryCount: 0, timeout: 60_000 }) })
  for (let refusals = 0; ; refusals++) {
    try {
      await client.request({ method: 'anvil_reorg' as never, params: [depth, []] as never })
      return
    } catch (error) {
      if (!(error instanceof ResourceNotFoundRpcError) || refusals === 50) throw error
      await sleep(10)
    }
  }
}

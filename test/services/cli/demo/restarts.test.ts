import assert from 'node:assert/strict'
import { createPublicClient, ExecutionRevertedError, http, zeroAddress } from 'viem'
import { throughRestarts } from '../../../../services/cli/demo/restarts.ts'
import { estimatedGas } from '../../../../services/runtime/outboxChain.ts'
import { IntentRevertsError } from '../../../../services/runtime/outboxErrors.ts'

/** Nobody listens there. */
const away = createPublicClient({ transport: http('http://127.0.0.1:9', { retryCount: 0 }) })

/** Fails so often as `failures` says, then is done. */
function failing(failures: readonly (() => Promise<unknown>)[]) {
  let calls = 0
  const act = async () => {
    const failure = failures[calls]
    calls += 1
    await failure?.()
    return calls
  }
  return { act, progress: () => 0 }
}

describe('demo restarts', () => {
  it('goes on when a node was away, whether a read met that or the outbox when it reckoned gas', async () => {
    const read = () => away.getBlockNumber()
    const send = () => estimatedGas(away, zeroAddress, { key: 'intent', to: zeroAddress, data: '0x' })
    assert.equal(await throughRestarts(failing([read, send])), 3)
  })

  it('ends when a call would revert', async () => {
    const cause = new ExecutionRevertedError({ message: 'NotFull' })
    const reverting = failing([() => Promise.reject(new IntentRevertsError('intent', cause))])
    await assert.rejects(throughRestarts(reverting), IntentRevertsError)
  })
})

import assert from 'node:assert/strict'
import { type Address, createWalletClient, http } from 'viem'
import { proposeOutputCall, readOutputTerms } from '../../../bridge/forced.ts'
import { l1Chain } from '../../../chain/chains.ts'
import { outputProposer } from '../../../chain/generated/abi.ts'
import { readKeys } from '../../../services/runtime/keys.ts'
import { eventually, mined, type RunningNetwork } from '../../support/network.ts'
import type { Stranger } from './stranger.ts'
import { incidentOf, nextBlock, nextIndex, wrongOutput } from './wrongRoot.ts'

const proposerOf = ({ manifest }: RunningNetwork) =>
  ({ address: manifest.l1.contracts.OutputProposer, abi: outputProposer.abi }) as const

export const creditOf = (network: RunningNetwork, owner: Address) =>
  network.l1.readContract({ ...proposerOf(network), functionName: 'creditOf', args: [owner] })
export const verdict = (network: RunningNetwork, bond: bigint) =>
  network.l1.readContract({ ...proposerOf(network), functionName: 'verdictOf', args: [bond] })

/** As soon as anybody may, a stranger stakes his bond on a wrong root; the watcher deletes it. Answers the id of his bond. */
export async function proposeWrongly(
  network: RunningNetwork,
  stranger: Stranger,
): Promise<{ wrong: bigint; wei: bigint }> {
  const { manifest, l1, box } = network
  const [number, index] = [await nextBlock(network), await nextIndex(network)]
  const read = proposerOf(network)
  await eventually(
    async () => {
      const openFrom = await l1.readContract({ ...read, functionName: 'openFrom', args: [number] })
      return (await l1.getBlock()).timestamp >= openFrom
    },
    'the silence of the operator',
    120,
  )
  const { root } = await wrongOutput(stranger, number)
  const [{ bond }, wrong, head, { buyer }] = [
    await readOutputTerms(l1, { manifest }),
    await l1.readContract({ ...read, functionName: 'bondsPosted' }),
    await l1.getBlock(),
    await readKeys(`${box.state}/keys.json`),
  ]
  const wallet = createWalletClient({
    account: buyer,
    chain: l1Chain(manifest),
    transport: http(manifest.l1.rpcUrl),
  })
  const l1Block = { hash: head.hash, number: head.number }
  const call = proposeOutputCall({ manifest, root, l2BlockNumber: number, l1Block, bond })
  const receipt = await mined(network, 'l1', await wallet.sendTransaction({ ...call, gas: 400_000n }))
  assert.equal(receipt.status, 'success')
  await incidentOf(stranger.watcherUrl, root, 20)
  await eventually(async () => (await nextIndex(network)) <= index, 'the deletion', 30)
  return { wrong, wei: bond }
}

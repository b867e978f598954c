import assert from 'node:assert/strict'
import { encodeAbiParameters, encodePacked, type Hex, numberToHex, parseEther, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { depositEtherCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { depositTopic } from '../../bridge/deposit.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { type AlteredNode, alteredNode, type Reply } from '../support/alteredNode.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

// One of three nodes of L1 lies. What it invents would be minted out of nothing by whoever believed it.

const thief = privateKeyToAccount(generatePrivateKey()).address

describe('sequencer with a lying node of L1', function () {
  this.timeout(240_000)
  let network: TestNetwork
  const nodes: AlteredNode[] = []
  /** What the liar makes of an answer. */
  let lie: (reply: Reply) => unknown = ({ result }) => result
  let told = 0

  before(async () => {
    network = await startTestNetwork(async (l1RpcUrl) => {
      nodes.push(
        await alteredNode(l1RpcUrl, (reply) => lie(reply)),
        await alteredNode(l1RpcUrl, ({ result }) => result),
        await alteredNode(l1RpcUrl, ({ result }) => result),
      )
      return { HASHSAND_L1_RPCS: nodes.map(({ url }) => url).join(','), HASHSAND_L1_AGREE: '2' }
    })
  })
  after(async () => {
    await network?.close()
    for (const { close } of nodes) await close()
  })

  /** A deposit of a hundred ether to the thief, as the portal would have logged it in that block. */
  function invented(portal: Hex, [filter]: readonly unknown[]): unknown {
    const blockHash = (filter as { blockHash?: Hex }).blockHash
    const from = numberToHex(BigInt(thief), { size: 32 })
    const amount = parseEther('100')
    const opaque = encodePacked(
      ['uint256', 'uint256', 'uint64', 'bool', 'bytes'],
      [amount, amount, 100_000n, false, '0x'],
    )
    return {
      ...{ address: portal, topics: [depositTopic, from, from, toHex(0, { size: 32 })] },
      data: encodeAbiParameters([{ type: 'bytes' }], [opaque]),
      ...{ blockHash, blockNumber: '0x1', transactionHash: toHex(7, { size: 32 }) },
      ...{ transactionIndex: '0x0', logIndex: '0x0', removed: false },
    }
  }

  it('F3: mints nothing that one node invents, loses nothing that it hides, and names it', async () => {
    const portal = network.manifest.l1.contracts.OptimismPortal
    lie = ({ method, params, result }) => {
      if (method === 'eth_getLogs') {
        told += 1
        return told % 2 === 0 ? [] : [invented(portal, params)]
      }
      // Whoever was outvoted is hardly asked any more: the other lies have to wait for this one.
      if (told === 0) return result
      if (method === 'eth_getTransactionReceipt') return null
      if (method === 'eth_blockNumber') return '0xffffff'
      return result
    }
    await until(async () => told > 0, 'the liar is asked for the logs of a block')
    const to = privateKeyToAccount(generatePrivateKey()).address
    await onL1(network, 'user', depositEtherCall({ manifest: network.manifest, amount: 7n, to }))
    await until(async () => (await network.l2.getBalance({ address: to })) === 7n, 'the deposit')
    const outvoted = async () => {
      const { nodes: standings } = await network.ask<Status>('/v1/status')
      return standings.L1.filter((each) => each.outvoted > 0).map(({ name }) => name)
    }
    await until(async () => (await outvoted()).length > 0, 'somebody is named')
    const [liar] = nodes
    assert.ok(liar)
    assert.deepEqual(await outvoted(), [new URL(liar.url).host])
    assert.equal(await network.l2.getBalance({ address: thief }), 0n)
  })

  it('F1: brings a withdrawal home while one node is gone', async () => {
    lie = () => undefined
    const to = privateKeyToAccount(generatePrivateKey()).address
    const hash = await network.l2Wallet('user').sendTransaction(withdrawEtherCall({ amount: 5n, to }))
    await minedOn(network.l2, hash)
    await until(async () => (await network.l1.getBalance({ address: to })) === 5n, 'the withdrawal', 90)
    const supplies = async () => (await network.ask<Status>('/v1/status')).supply
    // They are compared when L2 is level with L1, which on a busy machine may take a while.
    await until(async () => (await supplies()) !== undefined, 'what is minted is compared')
    const found = await supplies()
    assert.ok(
      found?.every(({ balanced }) => balanced),
      JSON.stringify(found),
    )
  })
})

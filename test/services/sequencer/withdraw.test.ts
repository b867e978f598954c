import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClient, http } from 'viem'
import { finaliseCall, withdrawEtherCall } from '../../../bridge/actions.ts'
import { withdrawalsOf } from '../../../bridge/observe.ts'
import { readProveCall } from '../../../bridge/proof.ts'
import { connectNode } from '../../../services/runtime/agreement/connect.ts'
import { createLog } from '../../../services/runtime/log.ts'
import type { Outbox } from '../../../services/runtime/outbox.ts'
import { follow } from '../../../services/sequencer/blocks.ts'
import { openNetwork, request } from '../../../services/sequencer/network.ts'
import { openSequencerStore } from '../../../services/sequencer/store.ts'
import { advanceMessages, createWithdrawer } from '../../../services/sequencer/withdraw.ts'
import { type BridgedPair, startBridgedPair } from '../../bridge/bridgedPair.ts'
import { replaceBlocks } from '../../support/replaceBlocks.ts'

describe('withdrawals that have ended', function () {
  this.timeout(120_000)
  let chains: BridgedPair
  let folder: string

  before(async () => {
    chains = await startBridgedPair()
    folder = await mkdtemp(join(tmpdir(), 'withdraw-'))
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
    await chains?.stop()
  })

  const chain = () => createTestClient({ mode: 'anvil', transport: http(chains.manifest.l1.rpcUrl) })
  /** A service without its loops: what it says of the withdrawal after one look at L1. */
  const openService = async () => {
    const { manifest, l2 } = chains
    const { hash: genesisHash } = await l2.getBlock({ blockNumber: 0n })
    const store = await openSequencerStore(join(folder, 'messages'), 'test')
    const network = await openNetwork({
      manifest: {
        ...{ ...manifest, version: 1, name: 'test', networks: [], indices: [], services: {} },
        l2: { ...manifest.l2, genesisHash },
      },
      ...{ store, dumps: undefined, log: createLog('test', 'silent'), l1DurablePath: undefined },
      confirmations: 0n,
      l1Nodes: connectNode(manifest.l1.rpcUrl),
      l2Nodes: connectNode(manifest.l2.rpcUrl),
    })
    await follow(network)
    // Safe: without relays nothing is sent.
    const outbox = { entries: () => [], lookup: () => undefined } as unknown as Outbox
    const withdrawer = createWithdrawer({ network, outbox, relays: false })
    return {
      look: async (id: string) => {
        await advanceMessages(withdrawer)
        return (await store.message(id))?.state
      },
      revocable: () => network.revocable.size,
      close: () => store.close(),
    }
  }

  it('are open again where L1 takes their end back, however long it is shorter, through a restart, until that end is final', async () => {
    const { l1, l2, manifest, account, send, propose, wait } = chains
    const { contracts } = manifest.l1
    const [withdrawal] = withdrawalsOf(await send('l2', withdrawEtherCall({ amount: 1n, to: account })))
    assert.ok(withdrawal)
    await send('l1', { to: contracts.OptimismPortal, value: 10n ** 18n })
    await propose()
    await send('l1', await readProveCall({ l1, l2 }, { manifest, withdrawal }))
    await wait(manifest.bridge.finalizationPeriodSeconds + 1)
    const finalise = async () => {
      await send('l1', { ...finaliseCall(contracts.OptimismPortal, withdrawal), gas: 2_000_000n })
    }
    const service = await openService()
    const { hash: id } = withdrawal
    assert.equal(await service.look(id), 'mature')
    await finalise()
    assert.equal(await service.look(id), 'finalised')
    assert.equal(await service.look(id), 'finalised')

    // Shorter, and then with other blocks in the place of those that it took back.
    await request(chain(), 'anvil_rollback', [1])
    assert.equal(await service.look(id), 'finalised', 'a node that lags says nothing')
    await chain().mine({ blocks: 1 })
    assert.equal(await service.look(id), 'mature')
    await finalise()
    assert.equal(await service.look(id), 'finalised')

    await replaceBlocks(manifest.l1.rpcUrl, 1)
    await service.close()
    const again = await openService()
    assert.equal(await again.look(id), 'mature', 'taken back while nobody looked')
    await finalise()
    assert.equal(await again.look(id), 'finalised')
    assert.equal(again.revocable(), 1)
    await chain().mine({ blocks: 70 })
    assert.equal(await again.look(id), 'finalised')
    assert.equal(again.revocable(), 0)
    await again.close()
  })
})

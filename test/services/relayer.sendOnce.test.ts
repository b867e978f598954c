import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublicClient, createWalletClient, encodeFunctionData, http, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { testWBTC } from '../../chain/generated/abi.ts'
import { TransactionRevertedError } from '../../services/relayer/errors.ts'
import { sendOnce } from '../../services/relayer/sendOnce.ts'
import { createLog } from '../../services/runtime/log.ts'
import { type Outbox, openOutbox } from '../../services/runtime/outbox.ts'
import { openOutboxStore } from '../../services/runtime/store.ts'
import { type AnvilNode, startAnvil } from '../bridge/anvilNode.ts'

describe('relayer sendOnce', () => {
  let folder = ''
  let node: AnvilNode
  let outbox: Outbox | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-once-'))
    node = await startAnvil()
  })
  afterEach(async () => {
    await outbox?.close()
    await node.kill()
    await rm(folder, { recursive: true, force: true })
  })

  it('has one effect for one key, also when the first attempt reverted', async () => {
    const client = createPublicClient({ chain: foundry, transport: http(node.url), cacheTime: 0 })
    const account = privateKeyToAccount(generatePrivateKey())
    await node.rpc('anvil_setBalance', account.address, `0x${parseEther('10').toString(16)}`)
    const wallet = createWalletClient({ chain: foundry, transport: http(node.url) })
    const [deployer] = await wallet.getAddresses()
    assert.ok(deployer)
    const deployed = await wallet.deployContract({ ...testWBTC, account: deployer, args: [] })
    const { contractAddress: token } = await client.waitForTransactionReceipt({ hash: deployed })
    assert.ok(token)

    const store = await openOutboxStore(folder)
    const { signal } = new AbortController()
    const log = createLog('test', 'silent')
    outbox = await openOutbox({ client, account, store, log, signal, pollMs: 20 })
    const transfer = { abi: testWBTC.abi, functionName: 'transfer', args: [deployer, 5n] } as const
    const effect = { key: 'gift', to: token, data: encodeFunctionData(transfer), gas: 100_000n }
    const balance = () =>
      client.readContract({ address: token, abi: testWBTC.abi, functionName: 'balanceOf', args: [deployer] })

    // It has nothing to give yet.
    await assert.rejects(sendOnce(outbox, effect), TransactionRevertedError)
    const mint = { abi: testWBTC.abi, functionName: 'faucet', args: [account.address, 100n] } as const
    const minted = await wallet.writeContract({ ...mint, address: token, account: deployer })
    await client.waitForTransactionReceipt({ hash: minted })

    const hash = await sendOnce(outbox, effect)
    assert.equal(await balance(), 5n)
    assert.equal(await sendOnce(outbox, effect), hash)
    assert.equal(await balance(), 5n)
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Hex, pad, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { serializeDeposit } from '../../../bridge/deposit.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import { connectNode } from '../../../services/runtime/agreement/connect.ts'
import { type Served, serve } from '../../../services/runtime/http.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { createFront } from '../../../services/sequencer/front.ts'
import { readWriteLock } from '../../../services/sequencer/lock.ts'
import type { Network } from '../../../services/sequencer/network.ts'
import { openSequencerStore, type SequencerStore } from '../../../services/sequencer/store.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'

type Answer = { id: unknown; result?: unknown; error?: { code: number; message: string } }

// What a stranger may send to the public RPC. The node behind it is a real one; only the service's other parts are absent.
describe('front', function () {
  this.timeout(60_000)
  let node: AnvilNode
  let folder: string
  let store: SequencerStore
  let front: Served
  let network: Network
  const looping = '0x2222222222222222222222222222222222222222'
  const account = privateKeyToAccount(generatePrivateKey())

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'front-'))
    const args = ['-n', 'optimism', '--hardfork', 'granite', '--order', 'fifo', '--no-mining']
    node = await startAnvil([...args, '--chain-id', '901', '--no-request-size-limit'])
    await node.rpc('anvil_setCode', looping, '0x5b600056')
    await node.rpc('anvil_setBalance', account.address, toHex(10n ** 24n))
    await node.rpc('evm_mine')
    store = await openSequencerStore(join(folder, 'db'), 'here')
    const parts = { store, l2: connectNode(node.url).client, log: createLog('test', 'silent'), saved: true }
    // Safe: the front uses no other part of a network.
    network = { ...parts, heads: readWriteLock(), gate: readWriteLock() } as unknown as Network
    front = await serve({ app: createFront(network, node.url), port: 0, purpose: 'a test' })
  })
  after(async () => {
    await front?.close()
    await store?.close()
    await node?.kill()
    await rm(folder, { recursive: true })
  })

  const post = async <Body = Answer>(body: string): Promise<Body> => {
    const response = await fetch(front.url, { method: 'POST', body })
    assert.equal(response.status, 200)
    return (await response.json()) as Body
  }
  const call = (method: unknown, ...params: unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params })
  const ask = (method: string, ...params: unknown[]) => post(JSON.stringify(call(method, ...params)))
  const pay = (nonce: number, more = {}) =>
    account.signTransaction({
      type: 'eip1559',
      chainId: 901,
      nonce,
      to: account.address,
      gas: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 0n,
      ...more,
    })
  /** The node still makes blocks, and the front still answers. */
  const alive = async () => {
    const before = Date.now()
    await node.rpc('evm_mine')
    assert.ok((await ask('eth_blockNumber')).result !== undefined)
    assert.ok(Date.now() - before < 5_000, 'at once')
  }

  it('refuses whatever steers the node, in every disguise', async () => {
    const head = await node.rpc('eth_blockNumber')
    const names = [
      'anvil_mine',
      'evm_mine',
      'debug_traceCall',
      'hardhat_mine',
      'eth_sign',
      'eth_sendTransaction',
    ]
    const disguised = [
      ...names,
      ...names.map((name) => name.toUpperCase()),
      ...names.map((name) => ` ${name}`),
      ...[
        'constructor',
        '__proto__',
        'toString',
        'hasOwnProperty',
        '',
        'eth_CALL',
        'eth_call\u0000',
        'anvil.mine',
      ],
      ...[
        'eth_sendRawTransactionSync',
        'eth_getRawTransactionByHash',
        'eth_accounts',
        'personal_sign',
        'eth_signTransaction',
      ],
    ]
    const answers = await post<Answer[]>(JSON.stringify(disguised.map((name) => call(name))))
    assert.equal(answers.length, disguised.length)
    for (const [index, { error }] of answers.entries()) assert.equal(error?.code, -32_601, disguised[index])
    for (const method of [7, null, ['evm_mine'], { evm_mine: 1 }]) {
      assert.equal((await post(JSON.stringify(call(method)))).error?.code, -32_600)
    }
    assert.equal(
      (await post('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","method":"evm_mine"}')).error?.code,
      -32_601,
    )
    const nested = await post<Answer[]>(JSON.stringify([[call('evm_mine')], call('eth_chainId')]))
    assert.deepEqual([nested[0]?.error?.code, nested[1]?.result], [-32_600, toHex(901)])
    assert.equal(await node.rpc('eth_blockNumber'), head)
  })

  it('takes no deposit, however it is written', async () => {
    const raw = serializeDeposit({
      sourceHash: pad('0x1', { size: 32 }),
      from: account.address,
      to: account.address,
      mint: 10n ** 20n,
      value: 0n,
      gas: 100_000n,
      data: '0x',
    })
    const upper = `0x${raw.slice(2).toUpperCase()}`
    for (const given of [raw, upper, `0X${raw.slice(2)}`, raw.slice(2), ` ${raw}`, [raw], { raw }, 7, null]) {
      assert.equal((await ask('eth_sendRawTransaction', given)).error?.code, -32_602)
    }
    const batch = await post<Answer[]>(JSON.stringify([call('eth_sendRawTransaction', raw)]))
    assert.equal(batch[0]?.error?.code, -32_602)
    assert.deepEqual(await node.rpc('txpool_status'), { pending: '0x0', queued: '0x0' })
  })

  it('answers nonsense, and goes on', async () => {
    for (const body of ['', '{', 'null', '7', '"eth_chainId"', '\u0000']) {
      assert.ok(((await post(body)).error?.code ?? 0) <= -32_600, body)
    }
    assert.equal((await post('[]')).error?.code, -32_600)
    const many = JSON.stringify(Array.from({ length: 501 }, () => call('eth_chainId')))
    assert.equal((await post(many)).error?.code, -32_600)
    for (const depth of [1_000, 200_000]) {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`
      const answer = await post(`{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":${deep}}`)
      assert.ok(answer.error !== undefined, `${depth} deep`)
    }
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal((await fetch(front.url, { method })).status, 405)
    assert.equal((await ask('eth_getProof', predeploys.L2ToL1MessagePasser, [], '0x')).result, undefined)
    assert.equal(await statusOfHuge(front.url), 413)
    await alive()
  })

  it('lets no call run longer than a block could', async () => {
    const loop = { to: looping }
    const huge = toHex(2n ** 63n)
    for (const method of ['eth_call', 'eth_estimateGas', 'eth_createAccessList']) {
      for (const field of ['gas', 'gasLimit']) {
        const answer = await ask(method, { ...loop, [field]: huge }, 'latest')
        assert.ok(answer.error !== undefined || method === 'eth_createAccessList', `${method} ${field}`)
      }
      assert.equal((await ask(method, { ...loop, gas: 2 ** 60 }, 'latest')).error?.code, -32_602)
      const array = [looping, looping, null, null, null, huge]
      assert.equal((await ask(method, array, 'latest')).error?.code, -32_602)
      const overrides = await ask(method, loop, 'latest', {}, { gasLimit: huge })
      assert.equal(overrides.error?.code, -32_602)
    }
    const other = '0x4444444444444444444444444444444444444444'
    await ask('eth_call', { to: other, gas: huge }, 'latest', { [other]: { code: '0x5b600056' } })
    assert.match(String((await ask('eth_call', { to: account.address }, 'latest')).result), /^0x$/)
    const started = Date.now()
    await Promise.all(Array.from({ length: 30 }, () => ask('eth_call', { ...loop, gas: huge }, 'latest')))
    assert.ok(Date.now() - started < 20_000)
    await alive()
  })

  it('answers wide questions, or says why not', async () => {
    const slots = Array.from({ length: 1_025 }, (_, index) => toHex(index, { size: 32 }))
    assert.equal((await ask('eth_getProof', account.address, slots, 'latest')).error?.code, -32_602)
    assert.ok((await ask('eth_getProof', account.address, slots.slice(1), 'latest')).result !== undefined)
    const percentiles = Array.from({ length: 101 }, (_, index) => index)
    assert.equal((await ask('eth_feeHistory', '0x400', 'latest', percentiles)).error?.code, -32_602)
    await ask('eth_feeHistory', toHex(2n ** 63n), 'latest', [1])
    await ask('eth_getLogs', { fromBlock: '0x0', toBlock: toHex(2n ** 63n) })
    const { result } = await ask('eth_newFilter', { fromBlock: '0x0' })
    assert.ok(Array.isArray((await ask('eth_getFilterLogs', result)).result))
    for (const tag of ['pending', 'safe', 'finalized', toHex(2n ** 64n), toHex(2n ** 256n)]) {
      await ask('eth_getBlockByNumber', tag, true)
      await ask('eth_getBlockReceipts', tag)
      await ask('eth_getTransactionByBlockNumberAndIndex', tag, toHex(2n ** 63n))
      await ask('eth_getStorageAt', account.address, toHex(2n ** 256n - 1n), tag)
    }
    await alive()
  })

  it('refuses transactions that no block will take', async () => {
    const nonce = Number(await node.rpc('eth_getTransactionCount', account.address, 'latest'))
    for (const more of [
      { chainId: 1 },
      { gas: 30_000_001n },
      { maxFeePerGas: 0n },
      { value: 10n ** 30n },
      { gas: 20_000n },
    ]) {
      const { error } = await ask('eth_sendRawTransaction', await pay(nonce, more))
      assert.ok(error !== undefined)
    }
    assert.deepEqual(await node.rpc('txpool_status'), { pending: '0x0', queued: '0x0' })
    await alive()
  })

  it('says when so many transactions wait that another one would only wait longer', async () => {
    const nonce = Number(await node.rpc('eth_getTransactionCount', account.address, 'latest'))
    const raws: Hex[] = []
    for (let index = 0; index < 1_030; index++) raws.push(await pay(nonce + index))
    for (const raw of raws.slice(0, 1_020)) await node.rpc('eth_sendRawTransaction', raw)
    const rest = raws.slice(1_020).map((raw) => call('eth_sendRawTransaction', raw))
    const answers = await post<Answer[]>(JSON.stringify(rest))
    assert.deepEqual(
      answers.map(({ error }) => error?.code),
      rest.map((_, index) => (index < 4 ? undefined : -32_005)),
    )
    await alive()
    assert.ok((await ask('eth_sendRawTransaction', raws[1_024])).result !== undefined)
    await node.rpc('anvil_dropAllTransactions')
  })

  it('shows no head that is not on disk', async () => {
    network.saved = false
    const batch = ['eth_blockNumber', 'eth_getBlockByNumber', 'eth_getProof', 'eth_sendRawTransaction']
    const params = ['0x00', [], 'latest']
    const answers = await post<Answer[]>(JSON.stringify(batch.map((method) => call(method, ...params))))
    assert.deepEqual(
      answers.map(({ error }) => error?.code),
      batch.map(() => -32_000),
    )
    network.saved = true
    await alive()
  })

  it('says that the node is silent', async () => {
    const silent = await serve({
      app: createFront(network, 'http://127.0.0.1:9'),
      port: 0,
      purpose: 'a test',
    })
    const response = await fetch(silent.url, { method: 'POST', body: JSON.stringify(call('eth_chainId')) })
    assert.equal(((await response.json()) as Answer).error?.code, -32_603)
    await silent.close()
  })
})

/** Sends more than is taken, and answers the status, or 413 where the connection was cut. */
function statusOfHuge(url: string): Promise<number> {
  return new Promise((resolve) => {
    const sending = httpRequest(url, { method: 'POST' }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sending.on('error', () => resolve(413))
    sending.end(Buffer.alloc(6 << 20, 0x20))
  })
}

import assert from 'node:assert/strict'
import { toHex } from 'viem'
import { connectNodes } from '../../../../services/runtime/agreement/connect.ts'
import { httpMember } from '../../../../services/runtime/agreement/transport.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { type AnvilNode, startAnvil } from '../../../bridge/anvilNode.ts'

// The largest block that anybody can fill: zeros cost four gas a byte, and nodes take 128 KiB a transaction.
const transactions = 55
const zeros: `0x${string}` = `0x${'00'.repeat(130_000)}`

describe('connectNodes', function () {
  this.timeout(60_000)
  let node: AnvilNode

  before(async () => {
    node = await startAnvil(['--no-mining', '--gas-limit', '30000000', '--hardfork', 'cancun'])
    const [from] = await node.rpc<string[]>('eth_accounts')
    const to = '0x0000000000000000000000000000000000001234'
    for (let nonce = 0; nonce < transactions; nonce++) {
      const transaction = { from, to, data: zeros, nonce: toHex(nonce), gas: toHex(541_000) }
      await node.rpc('eth_sendTransaction', transaction)
    }
    await node.rpc('evm_mine')
  })
  after(() => node?.kill())

  const check = (block: { transactions: { input: string }[] }) => {
    const bytes = block.transactions.reduce((sum, { input }) => sum + input.length, 0)
    assert.equal(block.transactions.length, transactions)
    assert.ok(bytes > 10 * 2 ** 20, `${bytes} bytes of hex`)
  }

  it('reads a block that somebody filled with zeros', async () => {
    const { client } = connectNodes({ urls: [node.url], log: createLog('test', 'silent') })
    check(await client.getBlock({ blockNumber: 1n, includeTransactions: true }))
  })

  it('reads it from one of several nodes', async () => {
    const member = httpMember(node.url, 50_000)
    const block = await member.ask({ method: 'eth_getBlockByNumber', params: ['0x1', true] })
    // Safe: the node is anvil.
    check(block as { transactions: { input: string }[] })
  })
})

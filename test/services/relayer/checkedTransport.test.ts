import assert from 'node:assert/strict'
import { isOfForm } from '../../../services/relayer/checkedTransport.ts'

describe('answers of an L2 node', () => {
  const receipt = { blockNumber: '0x1', gasUsed: '0x0', status: '0x1', transactionIndex: '0x0', logs: [] }
  const block = { number: '0x1', timestamp: '0x2', gasLimit: '0x3', gasUsed: '0x0', hash: '0x' }

  it('are taken where they have the form that was asked for', () => {
    for (const [method, result] of [
      ['eth_chainId', '0x1'],
      ['eth_getBalance', '0x0'],
      ['eth_getBlockByNumber', block],
      ['eth_getTransactionReceipt', receipt],
      ['eth_getTransactionReceipt', null],
      ['eth_getTransactionByHash', null],
      ['eth_call', '0x'],
    ] as const) {
      assert.ok(isOfForm(method, result), method)
    }
  })

  it('are refused where numbers are none, or an object is something else', () => {
    for (const result of [null, undefined, '', '0x', '0x01', '1', 1, 'certainly', {}, []]) {
      assert.equal(isOfForm('eth_chainId', result), false, String(result))
      assert.equal(isOfForm('eth_getBlockByNumber', result), false, String(result))
      if (result !== null) assert.equal(isOfForm('eth_getTransactionReceipt', result), false, String(result))
    }
    assert.equal(isOfForm('eth_getBlockByNumber', { ...block, timestamp: null }), false)
    assert.equal(isOfForm('eth_getTransactionReceipt', { ...receipt, status: 'good' }), false)
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, encodeFunctionData, getAddress, type Hex, pad, toHex, zeroAddress } from 'viem'
import { depositEnds, effectOf, withdrawalEnds } from '../../bridge/message.ts'
import { l1StandardBridgeAbi, l2CrossDomainMessengerAbi } from '../../chain/generated/opAbi.ts'

const l1 = {
  L1CrossDomainMessenger: pad('0xc1', { size: 20 }),
  L1StandardBridge: pad('0xc2', { size: 20 }),
}
const [token, remote, someone] = ['0xa1', '0xa2', '0xa3'].map((hex) =>
  getAddress(pad(hex as Hex, { size: 20 })),
) as [Address, Address, Address]
const transfer = encodeFunctionData({
  abi: l1StandardBridgeAbi,
  functionName: 'finalizeBridgeERC20',
  args: [token, remote, someone, someone, 5n, '0x'],
})
const relay = (sender: Address, target: Address) =>
  encodeFunctionData({
    abi: l2CrossDomainMessengerAbi,
    functionName: 'relayMessage',
    args: [1n, sender, target, 0n, 0n, transfer],
  })

describe('message', () => {
  for (const [direction, ends] of [
    ['deposit', depositEnds(l1)],
    ['withdrawal', withdrawalEnds(l1)],
  ] as const) {
    const { messenger, bridge, otherMessenger, otherBridge } = ends
    const honest = { to: messenger, from: otherMessenger, value: 0n, data: relay(otherBridge, bridge) }

    it(`carries a token as a ${direction} between the two bridges`, () => {
      const effect = {
        kind: 'erc20',
        localToken: token,
        remoteToken: remote,
        from: someone,
        to: someone,
        amount: 5n,
      }
      assert.deepEqual(effectOf(honest, ends), effect)
    })

    it(`carries none as a ${direction} with the same words from anybody else`, () => {
      const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes))
      fc.assert(
        fc.property(address, (stranger) => {
          for (const message of [
            { ...honest, from: stranger },
            { ...honest, to: stranger },
            { ...honest, data: relay(stranger, bridge) },
            { ...honest, data: relay(otherBridge, stranger) },
          ]) {
            assert.equal(effectOf(message, ends).kind, 'call')
          }
        }),
      )
    })
  }

  it('knows the messenger of L1 by its alias', () => {
    assert.equal(depositEnds(l1).otherMessenger, '0x11110000000000000000000000000000000011d2')
    const high = { ...l1, L1CrossDomainMessenger: `0x${'f'.repeat(40)}` as const }
    assert.equal(depositEnds(high).otherMessenger, '0x1111000000000000000000000000000000001110')
    assert.equal(effectOf({ from: zeroAddress, value: 0n, data: '0x' }, depositEnds(l1)).kind, 'call')
  })
})

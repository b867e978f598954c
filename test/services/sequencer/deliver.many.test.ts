import assert from 'node:assert/strict'
import { decodeFunctionData, type Hex, multicall3Abi, size, toHex, zeroHash } from 'viem'
import { opConstants } from '../../../chain/generated/addresses.ts'
import { type DueStep, deliver } from '../../../services/sequencer/deliver.ts'
import type { WithdrawalRecord } from '../../../services/sequencer/records.ts'
import type { Withdrawer } from '../../../services/sequencer/withdraw.ts'
import { until } from '../sequencerNetwork.ts'

// What is sent when, with an L1 that answers when it is told to: no real one keeps somebody waiting for so long on purpose.

const address = (at: number) => toHex(0x10_0000_0000n + BigInt(at), { size: 20 })

function mature(at: number): WithdrawalRecord {
  const origin = { blockNumber: 1n, blockHash: zeroHash, transactionHash: zeroHash, logIndex: at }
  const hash = toHex(at + 1, { size: 32 })
  const [sender, target] = [address(1), address(1_000 + at)]
  return {
    ...{ kind: 'withdrawal', id: hash, state: 'mature', history: [] },
    withdrawal: { hash, nonce: BigInt(at), sender, target, value: 1n, gasLimit: 21_000n, data: '0x', origin },
    effect: { kind: 'ether', from: sender, to: target, amount: 1n },
  }
}

describe('sequencer delivers many', () => {
  it('sends a batch once it is full, while what comes behind it is still being prepared', async () => {
    const due = Array.from({ length: 150 }, (_, at): DueStep => {
      const record = mature(at)
      return { record, name: `finalise:${record.id}` }
    })
    const sent: { data: Hex; gas: bigint }[] = []
    let answer = () => {}
    const first = new Promise<void>((done) => {
      answer = done
    })
    let asked = 0
    const l1 = {
      getCode: async () => undefined,
      // Of a hundred at once; of the others only when something was sent.
      estimateGas: async ({ account }: { account: Hex }) => {
        assert.equal(account, opConstants.EstimationAddress)
        if (++asked > 100) await first
        return 150_000n
      },
      createAccessList: async () => ({ gasUsed: 120_000n }),
    }
    const withdrawer = {
      network: {
        ...{ l1, holds: new Map(), words: { paused: undefined }, log: { info: () => {} } },
        manifest: {
          tokens: [],
          l1: { contracts: { OptimismPortal: address(2), L1CrossDomainMessenger: address(3) } },
        },
      },
      outbox: {
        lookup: () => undefined,
        send: async (intent: { data: Hex; gas: bigint }) => {
          sent.push(intent)
          answer()
        },
      },
      steps: { wasShared: () => false, count: () => 0 },
      ...{
        multicall: address(4),
        maxGas: 5_000_000n,
        relays: true,
        busy: new Set(),
        strangers: 0,
        bug: undefined,
      },
    }
    // Safe: all that it looks at.
    await deliver(withdrawer as unknown as Withdrawer, due, 10n)
    await until(async () => withdrawer.busy.size === 0, 'everything sent', 5)
    assert.equal(withdrawer.bug, undefined)
    const calls = sent.map(
      ({ data }) =>
        decodeFunctionData({ abi: multicall3Abi, data }).args?.[0] as readonly { callData: Hex }[],
    )
    assert.equal(new Set(calls.flat().map(({ callData }) => callData)).size, due.length, 'each of them once')
    assert.equal(calls.flat().length, due.length)
    assert.ok(sent.length >= 2)
    for (const { data, gas } of sent) assert.ok(gas <= 15_000_000n && size(data) <= 120_000)
  }).timeout(10_000)
})

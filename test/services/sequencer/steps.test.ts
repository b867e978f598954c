import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeFunctionData, type Hash, toHex } from 'viem'
import { finaliseCall, proveCall, relayCall } from '../../../bridge/actions.ts'
import { relayHash } from '../../../bridge/message.ts'
import { type Withdrawal, withdrawalHash } from '../../../bridge/withdrawal.ts'
import { optimismPortalAbi } from '../../../chain/generated/opAbi.ts'
import type { OutboxEntry } from '../../../services/runtime/store.ts'
import { batchCall } from '../../../services/sequencer/batch.ts'
import { readSteps, type StepName, stepsIn } from '../../../services/sequencer/steps.ts'

const address = (number: number) => toHex(number, { size: 20 })
const word = (number: number) => toHex(number, { size: 32 })
const targets = { portal: address(1), messenger: address(2), multicall: address(3) }

function withdrawal(nonce: number): Withdrawal {
  const bare = {
    nonce: BigInt(nonce),
    sender: address(7),
    target: address(8),
    value: 1n,
    gasLimit: 9n,
  } as const
  const transaction = { ...bare, data: '0x' } as const
  const origin = { blockNumber: 1n, blockHash: word(1), transactionHash: word(2), logIndex: 0 }
  return { ...transaction, hash: withdrawalHash(transaction), origin }
}
const relay = (nonce: number) => ({
  nonce: BigInt(nonce),
  sender: address(7),
  target: address(8),
  value: 0n,
  minGasLimit: 9n,
  message: '0x1234' as const,
})

function callOf(
  kind: 'prove' | 'finalise' | 'replay',
  nonce: number,
): { name: StepName; call: ReturnType<typeof finaliseCall> } {
  const { hash } = withdrawal(nonce)
  if (kind === 'finalise')
    return { name: `finalise:${hash}`, call: finaliseCall(targets.portal, withdrawal(nonce)) }
  if (kind === 'replay') {
    return { name: `replay:${relayHash(relay(nonce))}`, call: relayCall(targets.messenger, relay(nonce)) }
  }
  const outputRootProof = {
    version: word(0),
    stateRoot: word(1),
    messagePasserStorageRoot: word(2),
    latestBlockhash: word(3),
  }
  const proof = { transaction: withdrawal(nonce), outputRootProof, proof: ['0x01'] as const }
  return { name: `prove:${hash}`, call: proveCall(targets.portal, 5n, proof) }
}

const steps = fc.uniqueArray(
  fc.record({ kind: fc.constantFrom('prove', 'finalise', 'replay'), nonce: fc.nat(3) }),
  { minLength: 1, maxLength: 4, selector: ({ kind, nonce }) => `${kind}${nonce}` },
)
const settlement = fc.option(
  fc.record({
    hash: fc.constant<Hash>(word(1)),
    blockNumber: fc.bigInt({ min: 1n, max: 9n }),
    status: fc.constantFrom('success', 'reverted'),
  }),
  { nil: undefined },
)
const history = fc.array(fc.record({ steps, settled: settlement }), { maxLength: 6 })

function entryOf(
  index: number,
  {
    steps,
    settled,
  }: {
    steps: { kind: 'prove' | 'finalise' | 'replay'; nonce: number }[]
    settled: OutboxEntry['settled'] | undefined
  },
): OutboxEntry {
  const calls = steps.map(({ kind, nonce }) => ({ ...callOf(kind, nonce), gas: 1n, used: 1n }))
  const [first] = calls
  const { to, data } = calls.length === 1 && first ? first.call : batchCall(targets.multicall, calls)
  const bare = { key: `entry ${index}`, nonce: index, to, data, value: 0n, gas: 1n, forms: [] }
  return settled === undefined ? bare : { ...bare, settled }
}

describe('steps', () => {
  it('says of every step what the transactions that carry it say, whatever order they are read in', () => {
    fc.assert(
      fc.property(history, fc.bigInt({ min: 0n, max: 9n }), fc.boolean(), (past, missingAt, backwards) => {
        const entries = new Map<string, OutboxEntry>()
        const read = readSteps(
          { entries: () => entries.values(), lookup: (key) => entries.get(key) },
          targets,
        )
        const indexed = past.map((one, index) => ({ one, entry: entryOf(index, one) }))
        for (const { entry } of backwards ? indexed.toReversed() : indexed) {
          entries.set(entry.key, entry)
          read.refresh()
        }
        for (const kind of ['prove', 'finalise', 'replay'] as const) {
          for (let nonce = 0; nonce <= 3; nonce++) {
            const { name } = callOf(kind, nonce)
            const carriers = past.filter(({ steps }) =>
              steps.some((step) => step.kind === kind && step.nonce === nonce),
            )
            const open = carriers.some(({ settled }) => settled === undefined)
            const later = carriers.some(
              ({ settled }) => settled?.status === 'success' && settled.blockNumber > missingAt,
            )
            assert.equal(read.isPending(name), open)
            assert.equal(read.isUnderWay(name, missingAt), open || later)
            assert.equal(read.count(name), carriers.length)
            assert.equal(read.wasShared(name), (carriers.at(-1)?.steps.length ?? 0) > 1)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('finds no step in transactions of another kind', () => {
    const data = encodeFunctionData({ abi: optimismPortalAbi, functionName: 'l2Sender' })
    assert.deepEqual(stepsIn({ to: targets.portal, data }, targets), [])
    assert.deepEqual(stepsIn({ to: targets.messenger, data: '0x12345678' }, targets), [])
    assert.deepEqual(stepsIn({ to: address(99), data: callOf('prove', 1).call.data }, targets), [])
    assert.deepEqual(stepsIn({ to: null, data: '0x' }, targets), [])
  })
})

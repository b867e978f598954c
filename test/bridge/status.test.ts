import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeEventTopics, type Hex, pad, zeroAddress } from 'viem'
import type { MinedLog } from '../../bridge/deposit.ts'
import {
  depositState,
  depositStates,
  isMature,
  type L2Outcome,
  sdkDepositStatus,
  sdkWithdrawalStatus,
  withdrawalState,
  withdrawalStates,
} from '../../bridge/status.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l2CrossDomainMessengerAbi } from '../../chain/generated/opAbi.ts'

const messenger = predeploys.L2CrossDomainMessenger
const relayLog = (
  eventName: 'RelayedMessage' | 'FailedRelayedMessage',
  address = messenger as Hex,
): MinedLog => ({
  address,
  topics: encodeEventTopics({
    abi: l2CrossDomainMessengerAbi,
    eventName,
    args: { msgHash: pad('0x1', { size: 32 }) },
  }) as [Hex, ...Hex[]],
  data: '0x',
  blockHash: pad('0x2', { size: 32 }),
  blockNumber: 1n,
  blockTimestamp: 1n,
  transactionHash: pad('0x3', { size: 32 }),
  transactionIndex: 0,
  logIndex: 0,
  removed: false,
})
const state = (receipt: Parameters<typeof depositState>[0]['receipt'], l1Final = false) =>
  depositState({ receipt, l1Final }, messenger)

describe('status', () => {
  it('calls a deposit failed when the messenger could not deliver it, although its status is 1', () => {
    const failed = {
      status: 'success',
      to: messenger,
      logs: [relayLog('FailedRelayedMessage')],
    } satisfies L2Outcome
    assert.equal(state(failed), 'failed')
    assert.equal(state(failed, true), 'failed')
    assert.equal(depositState({ receipt: failed, l1Final: true, replayed: true }, messenger), 'replayed')
    assert.equal(state({ ...failed, logs: [relayLog('RelayedMessage')] }), 'included')
    assert.equal(state({ ...failed, logs: [relayLog('RelayedMessage')] }, true), 'final')
  })

  it('does not believe a contract that imitates the messenger', () => {
    const logs = [relayLog('FailedRelayedMessage', zeroAddress), relayLog('RelayedMessage')]
    assert.equal(state({ status: 'success', to: messenger, logs }), 'included')
  })

  it('calls a deposit failed when it reverted, and seen while L2 has not executed it', () => {
    assert.equal(state({ status: 'reverted', to: zeroAddress, logs: [] }), 'failed')
    assert.equal(state({ status: 'success', to: zeroAddress, logs: [] }), 'included')
    assert.equal(state(undefined, true), 'seen')
  })

  const seconds = fc.bigInt({ min: 1n, max: 10n ** 12n })
  it('lets a withdrawal mature by L1 time alone, and when both proof and proposal are old enough', () => {
    fc.assert(
      fc.property(seconds, seconds, seconds, seconds, (provenAt, proposedAt, l1Time, period) => {
        const mature = isMature({ provenAt, proposedAt }, { l1Time, finalizationPeriodSeconds: period })
        assert.equal(mature, l1Time >= provenAt + period && l1Time >= proposedAt + period)
      }),
    )
  })

  it('never says that a withdrawal is further than the facts', () => {
    const facts = fc.record({
      covered: fc.boolean(),
      provenAt: fc.option(seconds, { nil: undefined }),
      proposedAt: fc.option(seconds, { nil: undefined }),
      finalised: fc.boolean(),
      delivered: fc.boolean(),
      replayed: fc.boolean(),
    })
    fc.assert(
      fc.property(facts, seconds, seconds, (given, l1Time, finalizationPeriodSeconds) => {
        const known = withdrawalState(given, { l1Time, finalizationPeriodSeconds })
        assert.equal(['finalised', 'failed', 'replayed'].includes(known), given.finalised)
        if (known === 'finalised') assert.ok(given.delivered)
        if (known === 'proven' || known === 'mature') assert.ok(given.provenAt !== undefined)
        if (known === 'covered') assert.ok(given.covered)
      }),
    )
  })

  it('has a word of the SDK for every state', () => {
    assert.deepEqual(depositStates.map(sdkDepositStatus), [0, 0, 0, 0, 6, 6, 1, 6])
    assert.deepEqual(withdrawalStates.map(sdkWithdrawalStatus), [2, 3, 3, 4, 5, 5, 6, 5, 6])
  })
})

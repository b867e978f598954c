import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Address,
  ContractFunctionRevertedError,
  decodeFunctionData,
  encodeFunctionData,
  erc20Abi,
  type Hash,
  multicall3Abi,
  parseEther,
  type TransactionReceipt,
  BaseError as ViemError,
} from 'viem'
import { type Call, depositErc20Call } from '../../bridge/actions.ts'
import type { Deposit } from '../../bridge/deposit.ts'
import {
  aliasOf,
  forcedDepositCall,
  forcedTimes,
  forcedTransactionCall,
  forcedWithdrawErc20Call,
  forcedWithdrawEtherCall,
  proposeOutputCall,
  readOutputTerms,
} from '../../bridge/forced.ts'
import { depositsOf, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { outputProposer } from '../../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import type { Role } from '../../services/runtime/keys.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from '../services/sequencerNetwork.ts'

describe('forcedTimes', () => {
  const seconds = { min: 1, max: 1_000_000 }
  const manifest = fc.record({
    l1: fc.record({ blockTimeSeconds: fc.integer({ min: 1, max: 60 }) }),
    l2: fc.record({ blockTimeSeconds: fc.integer({ min: 1, max: 60 }) }),
    bridge: fc.record({
      submissionIntervalBlocks: fc.integer({ min: 1, max: 10_000 }),
      finalizationPeriodSeconds: fc.integer(seconds),
      sequencingWindowBlocks: fc.integer({ min: 2, max: 10_000 }),
    }),
  })

  it('adds up for the numbers of a real chain', () => {
    const times = forcedTimes(
      {
        l1: { blockTimeSeconds: 12 },
        l2: { blockTimeSeconds: 2 },
        bridge: {
          submissionIntervalBlocks: 1_800,
          finalizationPeriodSeconds: 604_800,
          sequencingWindowBlocks: 3_600,
        },
      },
      { silenceSeconds: 86_400n },
    )
    // Half a day to be included, a day of silence, which is longer than window and interval, a week, three blocks.
    assert.deepEqual(times, {
      includedSeconds: 43_200,
      proposableSeconds: 86_400,
      finalisableSeconds: 86_400 + 604_800 + 36,
    })
  })

  it('never tells less than the contracts make one wait', () => {
    fc.assert(
      fc.property(manifest, fc.integer(seconds), fc.nat(), (given, silence, offset) => {
        const { l1, l2, bridge } = given
        const times = forcedTimes(given, { silenceSeconds: BigInt(silence) })
        const window = bridge.sequencingWindowBlocks * l1.blockTimeSeconds
        // The forced transaction is anywhere between two outputs, at time 0.
        const due = (offset % bridge.submissionIntervalBlocks) * l2.blockTimeSeconds
        const openFrom = Math.max(due + window, silence)
        assert.ok(times.includedSeconds >= window)
        assert.ok(times.proposableSeconds >= openFrom)
        assert.ok(times.finalisableSeconds > openFrom + bridge.finalizationPeriodSeconds)
        // And no more than an interval and the blocks too much.
        assert.ok(times.proposableSeconds - openFrom <= bridge.submissionIntervalBlocks * l2.blockTimeSeconds)
      }),
    )
  })
})

// The real contracts on both chains, and a user who has nothing on L2 to pay gas with.
describe('forced transactions', function () {
  this.timeout(120_000)
  let network: TestNetwork
  const poor: Role = 'miner'

  before(async () => {
    network = await startTestNetwork()
  })
  after(() => network.close())

  const etherOn = (client: TestNetwork['l1'], role: Role) =>
    client.getBalance({ address: network.keys[role].address })
  const tokens = (client: TestNetwork['l1'], address: Address, role: Role) =>
    client.readContract({
      address,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [network.keys[role].address],
    })

  function depositOf(receipt: TransactionReceipt): Deposit {
    assert.equal(receipt.status, 'success')
    const [deposit, ...more] = depositsOf(receipt, network.manifest.l1.contracts.OptimismPortal)
    assert.ok(deposit)
    assert.equal(more.length, 0)
    return deposit
  }

  async function executed(hash: Hash): Promise<TransactionReceipt> {
    await until(async () => (await receiptOf(network.l2, hash)) !== undefined, 'the deposit on L2')
    return minedOn(network.l2, hash)
  }

  it('brings a token home for somebody without ether on L2', async () => {
    const { manifest, wbtc, keys } = network
    const to = keys[poor].address
    const send = depositErc20Call({ manifest, token: wbtc.l1, amount: 5_000n, to })
    await executed(depositOf(await onL1(network, 'user', send)).hash)
    assert.equal(await tokens(network.l2, wbtc.l2, poor), 5_000n)
    assert.equal(await etherOn(network.l2, poor), 0n)

    const call = forcedWithdrawErc20Call({ manifest, token: wbtc.l2, amount: 5_000n, to })
    const receipt = await executed(depositOf(await onL1(network, poor, call)).hash)
    assert.equal(receipt.status, 'success')
    assert.equal(withdrawalsOf(receipt).length, 1)
    assert.equal(await tokens(network.l2, wbtc.l2, poor), 0n)
    assert.ok(receipt.gasUsed * 2n < 600_000n, `${receipt.gasUsed} gas leave too little room`)
    await until(async () => (await tokens(network.l1, wbtc.l1, poor)) === 5_000n, 'the token on L1', 60)
  })

  it('brings ether in and all of it out again', async () => {
    const { manifest, keys } = network
    const to = keys.buyer.address
    const amount = parseEther('3')
    await executed(depositOf(await onL1(network, 'user', forcedDepositCall({ manifest, amount, to }))).hash)
    assert.equal(await etherOn(network.l2, 'buyer'), amount)

    const call = forcedWithdrawEtherCall({ manifest, amount, to })
    const begun = await onL1(network, 'buyer', call)
    const receipt = await executed(depositOf(begun).hash)
    const [withdrawal] = withdrawalsOf(receipt)
    assert.equal(withdrawal?.value, amount)
    assert.equal(withdrawal?.sender, to)
    assert.equal(await etherOn(network.l2, 'buyer'), 0n)
    const before = await etherOn(network.l1, 'buyer')
    await until(async () => (await etherOn(network.l1, 'buyer')) === before + amount, 'the ether on L1', 60)
  })

  it('takes nothing from somebody who has less, and leaves him what he sent along', async () => {
    const { manifest, wbtc, keys } = network
    const to = keys.pool.address
    const call = forcedWithdrawErc20Call({ manifest, token: wbtc.l2, amount: 1n, to })
    const receipt = await executed(depositOf(await onL1(network, 'pool', call)).hash)
    assert.equal(receipt.status, 'reverted')

    const tooMuch = forcedTransactionCall({
      manifest,
      call: { to, data: '0x', value: parseEther('2') },
      gas: 100_000n,
      mint: parseEther('1'),
    })
    const { from } = depositOf(await onL1(network, 'lp', tooMuch))
    assert.equal(from, keys.lp.address)
    await until(async () => (await etherOn(network.l2, 'lp')) === parseEther('1'), 'the minted ether')
  })

  it('knows a contract by its alias', async () => {
    const { manifest, keys, l1Wallet } = network
    const { Multicall3 } = manifest.l1.contracts
    const inner: Call = { to: keys.relayer.address, data: '0x', value: 0n }
    const { to: target, data: callData } = forcedTransactionCall({ manifest, call: inner, gas: 100_000n })
    const hash = await l1Wallet('user').sendTransaction({
      to: Multicall3,
      data: encodeFunctionData({
        abi: multicall3Abi,
        functionName: 'aggregate3',
        args: [[{ target, allowFailure: false, callData }]],
      }),
    })
    const deposit = depositOf(await minedOn(network.l1, hash))
    assert.equal(deposit.from, aliasOf(Multicall3))
    assert.equal((await executed(deposit.hash)).status, 'success')
  })

  it('reads the terms of a proposal, and is refused while the operator is at work', async () => {
    const { manifest, l1 } = network
    const { bond, silenceSeconds } = await readOutputTerms(l1, { manifest })
    assert.equal(silenceSeconds, 3_600n)
    const l2BlockNumber = await l1.readContract({
      address: manifest.l1.contracts.L2OutputOracle,
      abi: l2OutputOracleAbi,
      functionName: 'nextBlockNumber',
    })
    const { number, parentHash } = await l1.getBlock()
    const l1Block = { hash: parentHash, number: number - 1n }
    const root: Hash = `0x${'11'.repeat(32)}`
    const call = proposeOutputCall({ manifest, root, l2BlockNumber, l1Block, bond })
    assert.equal(call.value, bond)
    const { args, functionName } = decodeFunctionData({ abi: outputProposer.abi, data: call.data })
    assert.ok(functionName === 'proposeL2Output')
    const address = call.to
    const proposal = { address, abi: outputProposer.abi, functionName, args, value: bond } as const
    await assert.rejects(l1.simulateContract({ account: network.keys.user, ...proposal }), (error) => {
      assert.ok(error instanceof ViemError)
      const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
      return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === 'OperatorNotSilent'
    })
  })
})

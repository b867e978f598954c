import assert from 'node:assert/strict'
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
import { z } from 'zod'
import type { Call } from '../../bridge/actions.ts'
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
import { depositsOf, withdrawalsOf } from '../../bridge/observe.ts'
import { outputProposer } from '../../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { eventually, executed, mined, type RunningNetwork, type User } from '../support/network.ts'
import { itMeanwhile, sharedNetwork, story } from '../support/sharedNetwork.ts'

/** Sends a forced call on L1 and answers what became of it on L2. */
async function force(network: RunningNetwork, user: User, call: Call): Promise<TransactionReceipt> {
  const receipt = await network.send(user, 'l1', call)
  assert.equal(receipt.status, 'success')
  const [deposit, ...more] = depositsOf(receipt, network.manifest.l1.contracts.OptimismPortal)
  assert.ok(deposit)
  assert.equal(more.length, 0)
  return executed(network, deposit.hash)
}

/** Somebody who has a token on L2, and no ether there to pay gas with. */
const tokenHome = story(async (network) => {
  const { manifest, wbtc, newUser, patience, l1, l2 } = network
  const poor = await newUser({ wbtc: 5_000n })
  assert.equal(await l2.getBalance({ address: poor.address }), 0n)
  const transfer = { manifest, token: wbtc.l2, amount: 5_000n, to: poor.address }
  const receipt = await force(network, poor, forcedWithdrawErc20Call(transfer))
  await eventually(
    async () => (await balanceOf(l1, wbtc.l1, poor.address)) === 5_000n,
    'the token on L1',
    patience.finalSeconds,
  )
  return { receipt, left: await balanceOf(l2, wbtc.l2, poor.address) }
})

const etherInAndOut = story(async (network) => {
  const { manifest, newUser, patience, l1, l2 } = network
  const user = await newUser()
  const amount = parseEther('3')
  const to = user.address
  await force(network, user, forcedDepositCall({ manifest, amount, to }))
  const arrived = await l2.getBalance({ address: to })
  const receipt = await force(network, user, forcedWithdrawEtherCall({ manifest, amount, to }))
  const left = await l2.getBalance({ address: to })
  const before = await l1.getBalance({ address: to })
  await eventually(
    async () => (await l1.getBalance({ address: to })) === before + amount,
    'the ether on L1',
    patience.finalSeconds,
  )
  return { amount, arrived, receipt, left, to }
})

/** The same from the command line: the network's test account leaves with a part of its ether. */
const byCommand = story(async (network) => {
  const { manifest, l1, patience, ask } = network
  const plan = network.hashsand('bridge', 'force-withdraw', '--token', 'ETH', '--amount', '2')
  assert.equal(await plan.ended, 0, plan.stderr())
  const sent = await network.sends('bridge', 'force-withdraw', '--token', 'ETH', '--amount', '2')
  assert.equal(await sent.ended, 0, sent.stderr())
  const { transactions } = z.object({ transactions: z.array(z.custom<Hash>()) }).parse(sent.lines.at(-1))
  const [transaction] = transactions
  assert.ok(transaction)
  const receipt = await l1.getTransactionReceipt({ hash: transaction })
  const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
  assert.ok(deposit)
  const [withdrawal] = withdrawalsOf(await executed(network, deposit.hash))
  assert.ok(withdrawal)
  await eventually(
    async () => (await ask<{ state: string }>(`/v1/messages/${withdrawal.hash}`)).state === 'finalised',
    'the forced withdrawal to be finalised',
    patience.finalSeconds,
  )
  return { plan: plan.lines, value: withdrawal.value }
})

const balanceOf = (client: RunningNetwork['l1'], token: Address, holder: Address) =>
  client.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [holder] })

describe('forced transactions', function () {
  this.timeout(600_000)
  const network = sharedNetwork()

  it('brings a token home for somebody without ether on L2', async () => {
    const { receipt, left } = await tokenHome()
    assert.equal(receipt.status, 'success')
    assert.equal(withdrawalsOf(receipt).length, 1)
    assert.equal(left, 0n)
    assert.ok(receipt.gasUsed * 2n < 600_000n, `${receipt.gasUsed} gas leave too little room`)
  })

  it('brings ether in and all of it out again', async () => {
    const { amount, arrived, receipt, left, to } = await etherInAndOut()
    assert.equal(arrived, amount)
    const [withdrawal] = withdrawalsOf(receipt)
    assert.equal(withdrawal?.value, amount)
    assert.equal(withdrawal?.sender, to)
    assert.equal(left, 0n)
  })

  itMeanwhile(
    'takes nothing from somebody who has less, and leaves him what he sent along',
    async (network) => {
      const { manifest, wbtc, newUser, l2 } = network
      const user = await newUser()
      const to = user.address
      const call = forcedWithdrawErc20Call({ manifest, token: wbtc.l2, amount: 1n, to })
      assert.equal((await force(network, user, call)).status, 'reverted')

      const tooMuch = forcedTransactionCall({
        manifest,
        call: { to, data: '0x', value: parseEther('2') },
        gas: 100_000n,
        mint: parseEther('1'),
      })
      const receipt = await network.send(user, 'l1', tooMuch)
      const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
      assert.equal(deposit?.from, to)
      await eventually(
        async () => (await l2.getBalance({ address: to })) === parseEther('1'),
        'the minted ether',
        network.patience.depositSeconds,
      )
    },
  )

  itMeanwhile('knows a contract by its alias', async (network) => {
    const { manifest, newUser } = network
    const { Multicall3 } = manifest.l1.contracts
    const user = await newUser()
    const inner: Call = { to: user.address, data: '0x', value: 0n }
    const { to: target, data: callData } = forcedTransactionCall({ manifest, call: inner, gas: 100_000n })
    const hash = await user.l1.sendTransaction({
      to: Multicall3,
      data: encodeFunctionData({
        abi: multicall3Abi,
        functionName: 'aggregate3',
        args: [[{ target, allowFailure: false, callData }]],
      }),
    })
    const receipt = await mined(network, 'l1', hash)
    const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
    assert.ok(deposit)
    assert.equal(deposit.from, aliasOf(Multicall3))
    assert.equal((await executed(network, deposit.hash)).status, 'success')
  })

  it('reads the terms of a proposal, and is refused while the operator is at work', async () => {
    const { manifest, l1, newUser } = network()
    const { bond } = await readOutputTerms(l1, { manifest })
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
    const account = (await newUser()).l1.account
    const proposal = { address: call.to, abi: outputProposer.abi, functionName, args, value: bond } as const
    await assert.rejects(l1.simulateContract({ account, ...proposal }), (error) => {
      assert.ok(error instanceof ViemError)
      const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
      return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === 'OperatorNotSilent'
    })
  })

  it('tells every waiting time beforehand, and takes ether to finalised by two commands', async () => {
    const { manifest, l1 } = network()
    const { plan, value } = await byCommand()
    assert.equal(plan.length, 1, 'a plan and nothing sent')
    assert.equal(plan[0]?.dryRun, true)
    const times = forcedTimes(manifest, await readOutputTerms(l1, { manifest }))
    const steps = String(plan[0]?.steps)
    for (const seconds of Object.values(times)) assert.match(steps, new RegExp(`after ${seconds} s`))
    assert.equal(value, parseEther('2'))
  })
})

import assert from 'node:assert/strict'
import {
  type Address,
  createTestClient,
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  erc20Abi,
  http,
  parseGwei,
  toHex,
} from 'viem'
import {
  type Call,
  depositErc20Call,
  depositEther,
  depositEtherCall,
  finaliseCall,
  finaliseGas,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import { type Estimate, estimateDeposit, estimateWithdrawal, type Step } from '../../bridge/estimates.ts'
import { forcedTransactionCall, forcedWithdrawalGas, forcedWithdrawErc20Call } from '../../bridge/forced.ts'
import { withdrawalsOf } from '../../bridge/observe.ts'
import { readProveCall } from '../../bridge/proof.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { type BridgedPair, startBridgedPair } from './bridgedPair.ts'

const stranger = (place: number): Address => toHex(0x1000_0000n + BigInt(place), { size: 20 })

/** Gas of a node of a proof. A withdrawal may happen to lie less deep in its trie than where the estimate looked: by chance, so in some runs only. */
const nodeGas = 32_000n

/** Half of the tolerance that bridge/estimates.ts states lies on either side; `spared` may be used less. */
function within(used: bigint, { gas }: Step, spared = 0n): void {
  assert.ok(gas)
  assert.ok(used - gas.expected <= used / 4n, `${used} used, ${gas.expected} expected`)
  assert.ok(gas.expected - used <= used / 4n + spared, `${used} used, ${gas.expected} expected`)
  assert.ok(used <= gas.limit, `${used} used, ${gas.limit} allowed`)
}

describe('estimates', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
    const { manifest, pair, account, send } = chains
    await chains.giveWbtc(100_00000000n)
    const receipt = await send(
      'l1',
      depositErc20Call({ manifest, token: pair.l1, amount: 1_000_000n, to: account }),
    )
    await chains.relay(receipt)
  })
  after(() => chains.stop())

  const clock = () => createTestClient({ mode: 'anvil', transport: http(chains.manifest.l1.rpcUrl) })

  const calls: Record<'erc20' | 'ether', () => Call> = {
    erc20: () => {
      const { manifest, pair, account: to } = chains
      return depositErc20Call({ manifest, token: pair.l1, amount: 1_000n, to })
    },
    ether: () => depositEtherCall({ manifest: chains.manifest, amount: 1n, to: chains.account }),
  }

  /** Sends with the limit that the estimate names, in a block with this price of L1's. */
  async function deposits(
    cargo: keyof typeof calls,
    l1BaseFee: bigint,
    estimate?: Estimate,
  ): Promise<bigint> {
    await clock().setNextBlockBaseFeePerGas({ baseFeePerGas: l1BaseFee })
    await clock().mine({ blocks: 1 })
    const [step] = (estimate ?? (await estimateDeposit(chains, { manifest: chains.manifest, cargo }))).steps
    assert.ok(step?.gas)
    await clock().setNextBlockBaseFeePerGas({ baseFeePerGas: l1BaseFee })
    const receipt = await chains.send('l1', { ...calls[cargo](), gas: step.gas.limit })
    assert.equal(receipt.status, 'success')
    if (estimate === undefined) within(receipt.gasUsed, step)
    return receipt.gasUsed
  }

  it('says what a deposit takes on L1, whatever the price of L1 is', async () => {
    for (const cargo of ['erc20', 'ether'] as const) {
      const used: bigint[] = []
      for (const gwei of ['0.01', '1', '3', '100']) used.push(await deposits(cargo, parseGwei(gwei)))
      // What is burned is worth the same, whatever the gas is worth.
      assert.ok((used[0] ?? 0n) > 2n * (used[3] ?? 0n), used.join(' '))
    }
  })

  it('follows the price of the portal after full blocks, and names a limit that outlasts another one', async () => {
    await fill()
    await fill()
    const cheap = await estimateDeposit(chains, { manifest: chains.manifest, cargo: 'erc20' })
    await fill()
    const used = await deposits('erc20', crowded, cheap)
    assert.ok(used > (cheap.steps[0]?.gas?.expected ?? 0n), 'the price went up in between')
    await deposits('erc20', crowded)
    await clock().mine({ blocks: 200 })
    await deposits('erc20', crowded)
  })

  // Of L1: a full block's burn fits into one of its blocks.
  const crowded = parseGwei('15')

  /** Buys all the gas that a block has. */
  async function fill(): Promise<void> {
    await clock().setNextBlockBaseFeePerGas({ baseFeePerGas: crowded })
    const { manifest, account: to } = chains
    const call = forcedTransactionCall({ manifest, call: { to, data: '0x', value: 0n }, gas: 20_000_000n })
    const receipt = await chains.send('l1', { ...call, gas: 16_000_000n })
    assert.equal(receipt.status, 'success')
  }

  it('leaves a deposit gas to spare for the blocks that come between its estimate and itself', async () => {
    const { l1Wallet, l1, manifest, account: to } = chains
    const request: EIP1193RequestFn = async (args, options) => {
      if (args.method === 'eth_sendRawTransaction') await clock().mine({ blocks: 3 })
      return l1Wallet.request(args as never, options)
    }
    const { account, chain } = l1Wallet
    const slow = createWalletClient({ account, chain, transport: custom({ request }) })
    for (let i = 0; i < 3; i++) {
      const hash = await depositEther(slow, { manifest, amount: 1n, to })
      assert.equal((await l1.waitForTransactionReceipt({ hash })).status, 'success')
    }
  })

  it('says what every step of a withdrawal takes, with few and with many of them on the chain', async () => {
    const { manifest, pair, account } = chains
    let place = 0
    for (const count of [1, 6, 30]) {
      const erc20 = () => withdrawErc20Call({ manifest, token: pair.l2, amount: 1n, to: stranger(place++) })
      for (let i = 1; i < count; i++) await chains.send('l2', erc20())
      for (const call of [erc20(), withdrawEtherCall({ amount: 1n, to: stranger(place++) })]) {
        const { steps } = await estimateWithdrawal(chains, { manifest, call, account })
        const [initiate, , prove, finalise] = steps
        assert.ok(initiate?.gas && prove && finalise)
        const begun = await chains.send('l2', { ...call, gas: initiate.gas.limit })
        within(begun.gasUsed, initiate)
        const [withdrawal] = withdrawalsOf(begun)
        assert.ok(withdrawal)
        await cover(withdrawal.origin.blockNumber)
        const proven = await chains.send('l1', {
          ...(await readProveCall(chains, { manifest, withdrawal })),
          gas: prove.gas?.limit ?? 0n,
        })
        assert.equal(proven.status, 'success')
        within(proven.gasUsed, prove, nodeGas)
        await chains.wait(manifest.bridge.finalizationPeriodSeconds + 1)
        const last = finaliseCall(manifest.l1.contracts.OptimismPortal, withdrawal)
        assert.ok((await finaliseGas(chains.l1, last)) <= (finalise.gas?.limit ?? 0n))
        within((await chains.send('l1', { ...last, gas: finalise.gas?.limit ?? 0n })).gasUsed, finalise)
      }
    }
  })

  async function cover(block: bigint): Promise<void> {
    const oracle = { address: chains.manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
    while ((await chains.l1.readContract({ ...oracle, functionName: 'latestBlockNumber' })) < block)
      await chains.propose()
  }

  it('says what a withdrawal through L1 takes, and that nothing is paid on L2', async () => {
    const { manifest, pair } = chains
    const poor = await chains.newAccount()
    const deposit = depositErc20Call({ manifest, token: pair.l1, amount: 60n, to: poor.address })
    await chains.relay(await chains.send('l1', deposit))
    const transfer = { manifest, token: pair.l2, amount: 20n, to: poor.address }
    for (const gwei of ['1', '20', '100']) {
      await clock().setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei(gwei) })
      await clock().mine({ blocks: 1 })
      const estimate = await estimateWithdrawal(chains, {
        manifest,
        call: withdrawErc20Call(transfer),
        account: poor.address,
        throughL1Gas: forcedWithdrawalGas,
      })
      const [first, initiate] = estimate.steps
      assert.ok(first?.gas && initiate)
      assert.equal(initiate.gas, undefined)
      await clock().setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei(gwei) })
      const sent = await chains.send('l1', {
        ...forcedWithdrawErc20Call(transfer),
        as: poor,
        gas: first.gas.limit,
      })
      within(sent.gasUsed, first)
      const [executed] = await chains.relay(sent)
      assert.equal(executed?.status, 'success')
    }
    const left = { address: pair.l2, abi: erc20Abi, functionName: 'balanceOf', args: [poor.address] } as const
    assert.equal(await chains.l2.readContract(left), 0n)
  })
})

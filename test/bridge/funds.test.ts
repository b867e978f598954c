import assert from 'node:assert/strict'
import { type Address, erc20Abi, parseGwei } from 'viem'
import {
  depositErc20Call,
  depositEtherCall,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import { ContractSenderError, GasMissingError } from '../../bridge/errors.ts'
import { aliasOf, forcedTransactionCall, forcedWithdrawErc20Call } from '../../bridge/forced.ts'
import { checkForcedSender, checkFunds, readFunds } from '../../bridge/funds.ts'
import { depositsOf } from '../../bridge/observe.ts'
import { anvil } from '../../chain/engine/anvil/rpc.ts'
import { type BridgedPair, startBridgedPair } from './bridgedPair.ts'

describe('funds', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
    await chains.giveWbtc(1_000_000n)
  })
  after(() => chains.stop())

  /** Somebody with coins on L2 and as much ether as is said. */
  async function someone(coins: bigint, ether: bigint) {
    const { manifest, pair, send, relay } = chains
    const user = await chains.newAccount()
    const to = user.address
    if (coins > 0n)
      await relay(await send('l1', depositErc20Call({ manifest, token: pair.l1, amount: coins, to })))
    if (ether > 0n) await relay(await send('l1', depositEtherCall({ manifest, amount: ether, to })))
    return user
  }

  const homeOf = (to: Address) =>
    withdrawErc20Call({ manifest: chains.manifest, token: chains.pair.l2, amount: 40n, to })

  it('tells what is missing to the wei, and what is needed suffices', async () => {
    const { l2, manifest, send, relay } = chains
    const user = await someone(40n, 0n)
    const account = user.address
    const call = homeOf(account)
    const nothing = await readFunds(l2, { account, call })
    assert.equal(nothing.balance, 0n)
    assert.equal(nothing.missing, nothing.needed)
    assert.ok(nothing.needed > 0n)
    await assert.rejects(checkFunds(l2, { account, call }), (error) => {
      assert.ok(error instanceof GasMissingError)
      assert.match(error.message, /--through-l1/)
      return error.missing >= nothing.needed / 2n && error.balance === 0n
    })
    const amount = 2n * nothing.needed
    await relay(await send('l1', depositEtherCall({ manifest, amount, to: account })))
    const funds = await checkFunds(l2, { account, call })
    assert.equal(funds.balance, amount)
    const receipt = await send('l2', { ...call, as: user })
    assert.equal(receipt.status, 'success')
    const spent = amount - (await l2.getBalance({ address: account }))
    assert.ok(spent <= funds.needed, `${spent} spent, ${funds.needed} told`)
  })

  it('sees that who takes all of his ether out leaves nothing for the gas', async () => {
    const user = await someone(0n, parseGwei('50000000'))
    const account = user.address
    const all = withdrawEtherCall({ amount: parseGwei('50000000'), to: account })
    const { missing, needed, balance } = await readFunds(chains.l2, { account, call: all })
    assert.ok(missing > 0n)
    assert.equal(missing, needed - balance)
  })

  it('brings home through L1 what has no gas on L2, in its owner’s name', async () => {
    const { l1, l2, manifest, pair, send, relay } = chains
    const user = await someone(40n, 0n)
    await checkForcedSender(l1, user.address)
    const transfer = { manifest, token: pair.l2, amount: 40n, to: user.address }
    const sent = await send('l1', { ...forcedWithdrawErc20Call(transfer), as: user })
    const [deposit] = depositsOf(sent, manifest.l1.contracts.OptimismPortal)
    assert.equal(deposit?.from, user.address)
    const [executed] = await relay(sent)
    assert.equal(executed?.status, 'success')
    const left = { address: pair.l2, abi: erc20Abi, functionName: 'balanceOf', args: [user.address] } as const
    assert.equal(await l2.readContract(left), 0n)
    assert.equal(await l2.getBalance({ address: user.address }), 0n)
  })

  it('refuses contracts, whose coins on L2 are out of reach, and takes accounts that have lent themselves code', async () => {
    const { l1, manifest, send } = chains
    const { Multicall3, OptimismPortal } = manifest.l1.contracts
    for (const contract of [Multicall3, OptimismPortal]) {
      await assert.rejects(checkForcedSender(l1, contract), (error) => {
        assert.ok(error instanceof ContractSenderError)
        return error.alias === aliasOf(contract)
      })
    }
    const user = await chains.newAccount()
    await anvil(l1, 'anvil_setCode', [user.address, `0xef0100${Multicall3.slice(2)}`])
    await checkForcedSender(l1, user.address)
    // The portal agrees.
    const call: Parameters<typeof forcedTransactionCall>[0]['call'] = {
      to: user.address,
      data: '0x',
      value: 0n,
    }
    const sent = await send('l1', { ...forcedTransactionCall({ manifest, call, gas: 100_000n }), as: user })
    assert.equal(depositsOf(sent, OptimismPortal)[0]?.from, user.address)
  })
})

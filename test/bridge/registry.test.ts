import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, encodeDeployData, getAddress, type Hex, toHex, zeroAddress } from 'viem'
import { waitForTransactionReceipt, writeContract } from 'viem/actions'
import {
  depositErc20Call,
  depositEtherCall,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import {
  LostRecipientError,
  UnbackedTokenError,
  UnknownTokenError,
  WrongRemoteTokenError,
} from '../../bridge/errors.ts'
import { forcedDepositCall, forcedWithdrawErc20Call, forcedWithdrawEtherCall } from '../../bridge/forced.ts'
import { checkBacking, openTokenRegistry, pairByL1, pairByL2, pairOf } from '../../bridge/registry.ts'
import { loadArtifact } from '../../chain/artifacts.ts'
import { bridgedToken } from '../../chain/deploy/token.ts'
import { TokenPairError } from '../../chain/errors.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l1StandardBridgeAbi } from '../../chain/generated/opAbi.ts'
import type { TokenPair } from '../../chain/tokens.ts'
import { type BridgedPair, startBridgedPair } from './bridgedPair.ts'

const addresses = fc
  .bigInt({ min: 1n, max: (1n << 160n) - 1n })
  .map((value) => getAddress(toHex(value, { size: 20 })))
const pairsOfTokens = fc.uniqueArray(addresses, { minLength: 2, maxLength: 12 }).map((ends) =>
  ends.flatMap((l1, position): TokenPair[] => {
    const l2 = ends[position + 1]
    return position % 2 === 1 || l2 === undefined ? [] : [{ symbol: 'T', name: 'T', decimals: 8, l1, l2 }]
  }),
)

describe('registry of tokens', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
  })
  after(() => chains.stop())

  /** A token of OP's on L2, whatever bridge and remote token it names. */
  async function tokenOnL2(bridge: Address, remote: Address, decimals: number): Promise<Address> {
    const { abi, bytecode } = loadArtifact('op', 'OptimismMintableERC20')
    const args = [bridge, remote, 'Wrapped BTC', 'WBTC', decimals]
    const receipt = await chains.send('l2', { data: encodeDeployData({ abi, bytecode, args }) })
    return getAddress(receipt.contractAddress ?? zeroAddress)
  }

  const open = (changed: Partial<TokenPair>) => {
    const { l1, l2, manifest } = chains
    const tokens = [{ ...chains.pair, ...changed }]
    return openTokenRegistry({ l1, l2 }, { manifest: { ...manifest, tokens } })
  }

  it('opens with an honest pair, and finds it from either side', async () => {
    const { pair } = chains
    const registry = await open({})
    assert.deepEqual(registry.byL1(pair.l1), pair)
    assert.deepEqual(registry.byL2(pair.l2), pair)
    assert.deepEqual(registry.bySymbol('wbtc'), pair)
    assert.equal(registry.bySymbol('DOGE'), undefined)
    assert.throws(() => registry.byL1(pair.l2), UnknownTokenError)
    assert.throws(() => registry.byL2(pair.l1), UnknownTokenError)
  })

  it('refuses every look-alike on L2, whatever it is called', async () => {
    const { pair } = chains
    const { L2StandardBridge } = predeploys
    const someone = chains.account
    await assert.rejects(open({ l2: await tokenOnL2(someone, pair.l1, 8) }), TokenPairError)
    await assert.rejects(open({ l2: await tokenOnL2(L2StandardBridge, someone, 8) }), TokenPairError)
    await assert.rejects(open({ l2: await tokenOnL2(L2StandardBridge, pair.l1, 18) }), TokenPairError)
    await assert.rejects(open({ l2: someone }), TokenPairError)
    // Made by anybody with OP's own factory: an end of the same token, and not the one that the network uses.
    const twin = bridgedToken({ ...pair, l1: pair.l1, name: 'WBTC', symbol: 'WBTC', decimals: 8 })
    await chains.send('l2', { to: predeploys.OptimismMintableERC20Factory, data: twin.calldata })
    assert.throws(
      () => pairOf([pair], { l1: pair.l1, l2: twin.address }),
      (error) => {
        assert.ok(error instanceof WrongRemoteTokenError)
        assert.equal(error.expected, pair.l2)
        return error.given === twin.address
      },
    )
  })

  it('refuses deposits of a token of which L2 has more than L1 holds, and no withdrawal', async () => {
    const { l1, l2, pair, manifest } = chains
    const printed = await tokenOnL2(predeploys.L2StandardBridge, pair.l1, 8)
    const { L1StandardBridge: bridge } = manifest.l1.contracts
    const backing = () => checkBacking({ l1, l2 }, { bridge, pair: { ...pair, l2: printed } })
    await backing()
    const { abi } = loadArtifact('op', 'OptimismMintableERC20')
    await chains.asBridgeOnL2((wallet) =>
      writeContract(wallet, { address: printed, abi, functionName: 'mint', args: [chains.account, 5n] }),
    )
    await assert.rejects(backing(), (error) => {
      assert.ok(error instanceof UnbackedTokenError)
      return error.minted === 5n && error.locked === 0n
    })
    await open({ l2: printed })
    await lock(printed, 5n)
    await backing()
  })

  it('saves what the bridge of L1 would lock for ever', async () => {
    const { l1, pair, manifest } = chains
    const bogus = chains.account
    const before = await lockedFor(bogus)
    // The real bridge asks nobody.
    await lock(bogus, 7n)
    assert.equal((await lockedFor(bogus)) - before, 7n)
    const transfer = { manifest: { ...manifest, tokens: [pair] }, amount: 7n, to: chains.account }
    assert.throws(() => depositErc20Call({ ...transfer, token: bogus }), UnknownTokenError)
    assert.throws(() => pairOf([pair], { l1: pair.l1, l2: bogus }), WrongRemoteTokenError)

    async function lockedFor(l2: Address) {
      const { L1StandardBridge } = manifest.l1.contracts
      const bridge = { address: L1StandardBridge, abi: l1StandardBridgeAbi } as const
      return l1.readContract({ ...bridge, functionName: 'deposits', args: [pair.l1, l2] })
    }
  })

  /** Sends coins over the bridge to whatever other end. */
  async function lock(l2: Address, amount: bigint): Promise<void> {
    const { manifest, pair, l1Wallet, account } = chains
    const { L1StandardBridge } = manifest.l1.contracts
    const coins = { address: pair.l1, abi: testWBTC.abi } as const
    const sent = [
      await writeContract(l1Wallet, { ...coins, functionName: 'faucet', args: [account, amount] }),
      await writeContract(l1Wallet, { ...coins, functionName: 'approve', args: [L1StandardBridge, amount] }),
      await writeContract(l1Wallet, {
        address: L1StandardBridge,
        abi: l1StandardBridgeAbi,
        functionName: 'bridgeERC20To',
        args: [pair.l1, l2, account, amount, 200_000, '0x' as Hex],
        gas: 3_000_000n,
      }),
    ]
    for (const hash of sent) await waitForTransactionReceipt(l1Wallet, { hash })
  }

  it('finds a pair by both of its ends and by no other two', () => {
    fc.assert(
      fc.property(pairsOfTokens, fc.nat(), fc.nat(), (pairs, first, second) => {
        const [one, other] = [pairs[first % pairs.length], pairs[second % pairs.length]]
        assert.ok(one && other)
        assert.equal(pairByL1(pairs, one.l1), one)
        // Safe: an address in other letters.
        assert.equal(pairByL2(pairs, one.l2.toLowerCase() as Address), one)
        if (one === other) assert.equal(pairOf(pairs, one), one)
        else assert.throws(() => pairOf(pairs, { l1: one.l1, l2: other.l2 }), WrongRemoteTokenError)
        assert.throws(() => pairOf(pairs, { l1: one.l2, l2: one.l1 }), UnknownTokenError)
      }),
    )
  })

  it('makes no call to a recipient who could not move what he gets', () => {
    const { pair, manifest } = chains
    const { L1StandardBridge } = manifest.l1.contracts
    const own = { manifest: { ...manifest, tokens: [pair] }, amount: 1n }
    const calls: [(to: Address) => unknown, Address[]][] = [
      [(to) => depositErc20Call({ ...own, token: pair.l1, to }), [pair.l2, predeploys.L2StandardBridge]],
      [(to) => depositEtherCall({ ...own, to }), [predeploys.L2StandardBridge]],
      [(to) => withdrawErc20Call({ ...own, token: pair.l2, to }), [pair.l1, L1StandardBridge]],
      [(to) => forcedWithdrawErc20Call({ ...own, token: pair.l2, to }), [pair.l1, L1StandardBridge]],
      [(to) => withdrawEtherCall({ ...own, to }), []],
      [(to) => forcedDepositCall({ ...own, to }), []],
      [(to) => forcedWithdrawEtherCall({ ...own, to }), []],
    ]
    for (const [call, lost] of calls) {
      for (const to of [zeroAddress, ...lost]) assert.throws(() => call(to), LostRecipientError)
      call(chains.account)
    }
  })
})

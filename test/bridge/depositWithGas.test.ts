import assert from 'node:assert/strict'
import {
  type Address,
  createTestClient,
  encodeDeployData,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  http,
  parseEther,
  parseGwei,
  zeroAddress,
} from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import {
  depositWithGasCall,
  depositWithGasSpender,
  readPermitRequest,
  signedPermit,
} from '../../bridge/depositWithGas.ts'
import { LostRecipientError, NoDepositWithGasError, UnknownTokenError } from '../../bridge/errors.ts'
import { estimateDeposit } from '../../bridge/estimates.ts'
import { depositEnds, effectOf, relayHash, relayOf } from '../../bridge/message.ts'
import { depositsOf } from '../../bridge/observe.ts'
import { depositSucceeded } from '../../bridge/status.ts'
import { loadArtifact } from '../../chain/artifacts.ts'
import { deployDepositWithGas } from '../../chain/deploy/depositWithGas.ts'
import { deployPayoutForwarderFactory } from '../../chain/deploy/forwarder.ts'
import { bridgedToken } from '../../chain/deploy/token.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l2CrossDomainMessengerAbi } from '../../chain/generated/opAbi.ts'
import type { TokenPair } from '../../chain/tokens.ts'
import { clientOf } from '../chain/fixture.ts'
import { type BridgedPair, startBridgedPair } from './bridgedPair.ts'

// The contract by itself, whatever the token does: test/contracts/l1/DepositWithGas.t.sol. Here with OP's bridge, through to L2.
describe('deposit with gas', function () {
  this.timeout(120_000)
  let chains: BridgedPair
  /** A token with permits, on both chains. */
  let permitPair: TokenPair
  let manifest: Parameters<typeof depositWithGasCall>[0]['manifest'] & BridgedPair['manifest']
  const permitToken = loadArtifact('hashsand', 'PermitToken')

  before(async () => {
    chains = await startBridgedPair()
    const { send, pair } = chains
    const deployed = await send('l1', { data: encodeDeployData(permitToken) })
    const definition = {
      l1: getAddress(deployed.contractAddress ?? zeroAddress),
      name: 'Permit',
      symbol: 'PRM',
      decimals: 18,
    }
    const token = bridgedToken(definition)
    await send('l2', { to: predeploys.OptimismMintableERC20Factory, data: token.calldata })
    permitPair = { ...definition, l2: token.address }
    const l1 = clientOf(chains.manifest.l1.rpcUrl, chains.manifest.l1.chainId)
    const payoutForwarderFactory = await deployPayoutForwarderFactory(l1, {
      bridge: chains.manifest.l1.contracts.L1StandardBridge,
      pairs: [pair, permitPair].map((ends) => ({ l1Token: ends.l1, l2Token: ends.l2 })),
    })
    const depositWithGas = await deployDepositWithGas(l1, { payoutForwarderFactory })
    assert.equal(await deployDepositWithGas(l1, { payoutForwarderFactory }), depositWithGas, 'once')
    manifest = {
      ...chains.manifest,
      tokens: [pair, permitPair],
      l1: { ...chains.manifest.l1, payoutForwarderFactory, depositWithGas },
    }
  })
  after(() => chains.stop())

  const coinsOn = (side: 'l1' | 'l2', token: Address, holder: Address) =>
    chains[side].readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [holder] })

  async function withWbtc(amount: bigint): Promise<PrivateKeyAccount> {
    const { pair, send } = chains
    const user = await chains.newAccount()
    const spender = depositWithGasSpender({ manifest })
    const faucet = encodeFunctionData({
      abi: testWBTC.abi,
      functionName: 'faucet',
      args: [user.address, amount],
    })
    const approve = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] })
    await send('l1', { to: pair.l1, data: faucet, as: user })
    await send('l1', { to: pair.l1, data: approve, as: user })
    return user
  }

  it('brings coins and the ether to move them with, in one transaction', async () => {
    const { pair, send, relay, l2 } = chains
    const user = await withWbtc(5_000n)
    const ether = parseEther('0.01')
    const to = user.address
    const call = depositWithGasCall({ manifest, token: pair.l1, amount: 5_000n, ether, to })
    const receipt = await send('l1', { ...call, gas: 3_000_000n, as: user })
    assert.equal(receipt.status, 'success')

    const { contracts } = manifest.l1
    const effects = depositsOf(receipt, contracts.OptimismPortal).map((deposit) =>
      effectOf(deposit, depositEnds(contracts)),
    )
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['ether', 'erc20'],
      'the ether comes first',
    )
    for (const executed of await relay(receipt)) {
      assert.ok(depositSucceeded(executed, predeploys.L2CrossDomainMessenger))
    }
    assert.equal(await l2.getBalance({ address: to }), ether)
    assert.equal(await coinsOn('l2', pair.l2, to), 5_000n)
    // And it is gas: he moves his coins by himself.
    const friend = (await chains.newAccount()).address
    const move = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [friend, 2_000n] })
    assert.equal((await send('l2', { to: pair.l2, data: move, as: user })).status, 'success')
    assert.equal(await coinsOn('l2', pair.l2, friend), 2_000n)
    await nothingStays(pair.l1)
  })

  it('says what it takes, whatever the price of L1 is', async () => {
    const { pair, send } = chains
    const clock = createTestClient({ mode: 'anvil', transport: http(manifest.l1.rpcUrl) })
    const user = await withWbtc(1_000n)
    for (const gwei of ['0.01', '1', '5', '20', '100']) {
      const baseFeePerGas = parseGwei(gwei)
      await clock.setNextBlockBaseFeePerGas({ baseFeePerGas })
      await clock.mine({ blocks: 1 })
      const { steps } = await estimateDeposit(chains, { manifest, cargo: 'erc20 with gas' })
      const gas = steps[0]?.gas
      assert.ok(gas)
      const call = depositWithGasCall({ manifest, token: pair.l1, amount: 10n, ether: 1n, to: user.address })
      await clock.setNextBlockBaseFeePerGas({ baseFeePerGas })
      const { status, gasUsed } = await send('l1', { ...call, gas: gas.limit, as: user })
      assert.equal(status, 'success')
      const off = gasUsed > gas.expected ? gasUsed - gas.expected : gas.expected - gasUsed
      assert.ok(off <= gasUsed / 4n, `${gasUsed} used at ${gwei} gwei, ${gas.expected} expected`)
    }
  })

  async function nothingStays(token: Address): Promise<void> {
    const spender = depositWithGasSpender({ manifest })
    const args = [spender, manifest.l1.contracts.L1StandardBridge] as const
    assert.equal(await coinsOn('l1', token, spender), 0n)
    assert.equal(await chains.l1.getBalance({ address: spender }), 0n)
    assert.equal(
      await chains.l1.readContract({ address: token, abi: erc20Abi, functionName: 'allowance', args }),
      0n,
    )
  }

  it('takes a signature in place of an allowance where the token has permits', async () => {
    const { send, relay } = chains
    const user = await chains.newAccount()
    const owner = user.address
    const mint = encodeFunctionData({ abi: permitToken.abi, functionName: 'mint', args: [owner, 70n] })
    await send('l1', { to: permitPair.l1, data: mint })
    const query = {
      manifest,
      chainId: manifest.l1.chainId,
      token: permitPair.l1,
      owner,
      amount: 70n,
      deadline: 2n ** 40n,
    }
    const request = await readPermitRequest(chains.l1, query)
    assert.ok(request)
    const permit = signedPermit(request, await user.signTypedData(request))
    const call = depositWithGasCall({
      manifest,
      token: permitPair.l1,
      amount: 70n,
      ether: 9n,
      to: owner,
      permit,
    })
    const receipt = await send('l1', { ...call, gas: 3_000_000n, as: user })
    assert.equal(receipt.status, 'success')
    await relay(receipt)
    assert.equal(await coinsOn('l2', permitPair.l2, owner), 70n)
    await nothingStays(permitPair.l1)
    const wbtc = { ...query, token: chains.pair.l1 }
    assert.equal(await readPermitRequest(chains.l1, wbtc), undefined, 'WBTC has none')
  })

  it('loses no ether that its recipient refuses: it waits on L2 and can be delivered later', async () => {
    const { pair, send, relay, l2 } = chains
    const user = await withWbtc(10n)
    // A contract that takes no ether: the token itself would do, but is refused before.
    const to = permitPair.l2
    const ether = 1_234n
    const messenger = predeploys.L2CrossDomainMessenger
    const before = await l2.getBalance({ address: messenger })
    const call = depositWithGasCall({ manifest, token: pair.l1, amount: 10n, ether, to })
    const receipt = await send('l1', { ...call, gas: 3_000_000n, as: user })
    const [money, coins] = await relay(receipt)
    const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
    const message = deposit && relayOf(deposit.data)
    assert.ok(money && coins && message)
    const kept = {
      address: messenger,
      abi: l2CrossDomainMessengerAbi,
      functionName: 'failedMessages',
    } as const
    assert.equal(await l2.readContract({ ...kept, args: [relayHash(message)] }), true)
    assert.equal(depositSucceeded(money, messenger), false)
    assert.equal(depositSucceeded(coins, messenger), true)
    assert.equal(await coinsOn('l2', pair.l2, to), 10n)
    assert.equal((await l2.getBalance({ address: messenger })) - before, ether)
    assert.equal(await l2.getBalance({ address: to }), 0n)
  })

  it('moves neither where one of the two cannot go', async () => {
    const { pair, send } = chains
    const user = await withWbtc(10n)
    const call = depositWithGasCall({ manifest, token: pair.l1, amount: 11n, ether: 5n, to: user.address })
    const before = await coinsOn('l1', pair.l1, manifest.l1.contracts.L1StandardBridge)
    const receipt = await send('l1', { ...call, gas: 3_000_000n, as: user })
    assert.equal(receipt.status, 'reverted')
    assert.equal(depositsOf(receipt, manifest.l1.contracts.OptimismPortal).length, 0)
    assert.equal(await coinsOn('l1', pair.l1, user.address), 10n)
    assert.equal(await coinsOn('l1', pair.l1, manifest.l1.contracts.L1StandardBridge), before)
  })

  it('is refused before anything is sent where it can lead to nothing', () => {
    const own = { manifest, amount: 1n, ether: 1n }
    const { pair, account } = chains
    assert.throws(() => depositWithGasCall({ ...own, token: account, to: account }), UnknownTokenError)
    assert.throws(() => depositWithGasCall({ ...own, token: pair.l1, to: zeroAddress }), LostRecipientError)
    assert.throws(() => depositWithGasCall({ ...own, token: pair.l1, to: pair.l2 }), LostRecipientError)
    const { depositWithGas: _, ...without } = manifest.l1
    const l1: typeof manifest.l1 = without
    assert.throws(() => depositWithGasSpender({ manifest: { l1 } }), NoDepositWithGasError)
  })
})

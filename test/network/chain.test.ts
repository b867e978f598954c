import assert from 'node:assert/strict'
import {
  type Address,
  createPublicClient,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  http,
  pad,
  parseEther,
  toHex,
  zeroHash,
} from 'viem'
import { serializeDeposit } from '../../bridge/deposit.ts'
import { effectOf, withdrawalEnds } from '../../bridge/message.ts'
import { readWithdrawalFacts, withdrawalsBetween } from '../../bridge/observe.ts'
import { assertL1Deployment, assertTimelock } from '../../chain/deploy/assertions.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l1BlockAbi, l1StandardBridgeAbi, wethAbi } from '../../chain/generated/opAbi.ts'
import type { GenesisAccounts } from '../../chain/genesis/account.ts'
import { buildGenesis } from '../../chain/genesis/genesis.ts'
import { checkIdentity } from '../../chain/identity.ts'
import { checkTokens } from '../../chain/tokens.ts'
import { approveCall } from '../../services/cli/demo/contracts.ts'
import { pairOf } from '../../services/cli/demo/price.ts'
import { listCall, quote, swapCall } from '../../services/cli/demo/uniswap.ts'
import { deployConfig } from '../../services/cli/devnet/network.ts'
import { firstProfile, loadProfile, stateFolder } from '../../services/cli/devnet/profile.ts'
import { readKeys } from '../../services/runtime/keys.ts'
import { eventually, mined, type RunningNetwork } from '../support/network.ts'
import { sharedNetwork, story } from '../support/sharedNetwork.ts'

/** What was decided when the network was made. */
async function configOf({ box, engine }: RunningNetwork) {
  const folder = stateFolder(box.state)
  const profile = await loadProfile(folder, firstProfile({ engine }, box.state))
  return await deployConfig(profile, await readKeys(folder.keys))
}

/** Their storage changes with every block or message. */
const moving = new Set<Address>([
  predeploys.L1Block,
  predeploys.L2ToL1MessagePasser,
  predeploys.L2CrossDomainMessenger,
])

const swapped = story(async (network) => {
  const { manifest, wbtc, l2, newUser, send } = network
  const contracts = manifest.l2.contracts
  assert.ok(contracts)
  const trader = await newUser({ ether: parseEther('3'), wbtc: 20_000_000n })
  const [base, quoteToken] = [wbtc.l2, predeploys.WETH]
  const [baseAmount, quoteAmount] = [10_000_000n, parseEther('2')]
  const wrap = encodeFunctionData({ abi: wethAbi, functionName: 'deposit' })
  const { NonfungiblePositionManager: manager, SwapRouter } = contracts
  const deadline = (await l2.getBlock()).timestamp + 3_600n
  const recipient = trader.address
  const calls = [
    { to: quoteToken, data: wrap, value: quoteAmount },
    approveCall(base, manager, baseAmount),
    approveCall(quoteToken, manager, quoteAmount),
    listCall({ contracts, pair: pairOf(base, quoteToken), baseAmount, quoteAmount, recipient, deadline }),
    approveCall(base, SwapRouter, 1_000_000n),
  ]
  // A deposit counts as a transaction of its sender on L2.
  const first = await l2.getTransactionCount({ address: recipient })
  // Gas is stated, so that none has to wait for the block of the one before.
  const sent = calls.map(async (call, position) => {
    const nonce = first + position
    const gas = call.to === manager ? 7_000_000n : 200_000n
    return mined(network, 'l2', await trader.l2.sendTransaction({ ...call, nonce, gas }))
  })
  for (const { status } of await Promise.all(sent)) assert.equal(status, 'success')

  const weth = () =>
    l2.readContract({ address: quoteToken, abi: wethAbi, functionName: 'balanceOf', args: [recipient] })
  const before = await weth()
  const swap = { contracts, tokenIn: base, tokenOut: quoteToken, amountIn: 1_000_000n }
  const expected = await quote(l2, swap)
  const order = swapCall(swap, { recipient, deadline, amountOutMinimum: expected })
  assert.equal((await send(trader, 'l2', order)).status, 'success')
  return { expected, received: (await weth()) - before }
})

describe('a network', function () {
  this.timeout(120_000)
  const network = sharedNetwork()

  it('is the one of its manifest, with honest token pairs', async () => {
    const { l1, l2, manifest, engine } = network()
    assert.equal(manifest.engine, engine)
    await checkIdentity({ l1, l2 }, manifest)
    await checkTokens({ l1, l2 }, manifest.tokens)
  })

  it('holds every assertion of its deployment, on L1 and on L2', async () => {
    const { l1, l2, manifest } = network()
    const config = await configOf(network())
    const { contracts } = manifest.l1
    await assertL1Deployment(l1, { contracts, config, implementations: {}, initializers: {} })
    assert.ok(manifest.l2.contracts)
    await assertTimelock(l2, manifest.l2.contracts.Timelock, config)
  })

  it('has in block 0 the same code and storage whatever the engine', async () => {
    const { manifest, engine } = network()
    const l2 = createPublicClient({ transport: http(manifest.l2.rpcUrl, { batch: { batchSize: 100 } }) })
    const config = await configOf(network())
    const genesis = await buildGenesis(config, manifest.l1.contracts)
    // anvil's block 0 can't be asked, so contracts are compared as they are, where nothing may have changed them since.
    const at = engine === 'op-stack' ? { blockNumber: 0n } : {}
    const proxies: GenesisAccounts = new Map([...genesis].filter(([, { code }]) => code !== undefined))
    assert.ok(proxies.size > 90, `${proxies.size} contracts`)
    const wrong: string[] = []
    await Promise.all(
      [...proxies].map(async ([address, { code, storage = {} }]) => {
        const found = await l2.getCode({ address, ...at })
        if (found !== code) wrong.push(`code of ${address}`)
        if (engine === 'anvil' && (moving.has(address) || isOurs(address))) return
        for (const [slot, value] of Object.entries(storage) as [Hex, Hex][]) {
          const word = (await l2.getStorageAt({ address, slot, ...at })) ?? zeroHash
          if (BigInt(word) !== BigInt(value)) wrong.push(`${address} at ${slot}: ${word}, not ${value}`)
        }
      }),
    )
    assert.deepEqual(wrong, [])
  })

  it('tells L2 the blocks of L1, and its time does not go back', async () => {
    const { l1, l2, patience } = network()
    const origin = async () => {
      const block = await l2.getBlock()
      const read = { address: predeploys.L1Block, abi: l1BlockAbi, blockNumber: block.number } as const
      const [number, hash, timestamp] = await Promise.all([
        l2.readContract({ ...read, functionName: 'number' }),
        l2.readContract({ ...read, functionName: 'hash' }),
        l2.readContract({ ...read, functionName: 'timestamp' }),
      ])
      return { block, number, hash, timestamp }
    }
    const first = await origin()
    const later = await eventually(
      async () => {
        const now = await origin()
        return now.number > first.number && now
      },
      'an L2 block with a newer origin',
      patience.blockSeconds,
    )
    assert.ok(later.block.number > first.block.number)
    assert.ok(later.block.timestamp >= first.block.timestamp)
    assert.ok(later.block.timestamp >= later.timestamp)
    for (const { number, hash, timestamp } of [first, later]) {
      const known = await l1.getBlock({ blockNumber: number })
      assert.deepEqual([known.hash, known.timestamp], [hash, timestamp])
    }
  })

  it('takes no deposit from users, and lets nobody steer its L2', async () => {
    const { manifest, newUser, l2 } = network()
    const { address } = await newUser()
    const post = async (method: string, ...params: unknown[]) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(manifest.l2.rpcUrl, { method: 'POST', headers, body })
      return (await response.json()) as { result?: unknown; error?: { code: number } }
    }
    assert.equal((await post('eth_chainId')).result, toHex(manifest.l2.chainId))
    const mint = serializeDeposit({
      sourceHash: pad('0x1', { size: 32 }),
      from: address,
      to: address,
      mint: parseEther('1000'),
      value: 0n,
      gas: 100_000n,
      data: '0x',
    })
    for (const [method, ...params] of [
      ['eth_sendRawTransaction', mint],
      ['anvil_setBalance', address, '0x1'],
      ['evm_mine'],
      ['debug_setHead', '0x0'],
      ['admin_stopHTTP'],
      ['engine_getPayloadV3', '0x0000000000000000'],
    ] as const) {
      const { error, result } = await post(method, ...params)
      assert.ok(error !== undefined && result === undefined, `${method} was accepted`)
    }
    assert.equal(await l2.getBalance({ address }), 0n)
  })

  it('swaps on Uniswap for what the quoter says', async () => {
    const { expected, received } = await swapped()
    assert.ok(expected > parseEther('0.15') && expected < parseEther('0.2'), `${expected}`)
    assert.equal(received, expected)
  })

  it('has on L2 what is locked on L1 minus what is in flight', async () => {
    const { l1, l2, wbtc, manifest, patience } = network()
    const { L1StandardBridge } = manifest.l1.contracts
    /** Both sides as of one L2 block and the newest L1 block that it knows. */
    const sides = async () => {
      const l2Block = await l2.getBlockNumber({ cacheTime: 0 })
      const origin = { address: predeploys.L1Block, abi: l1BlockAbi, functionName: 'number' } as const
      const l1Block = await l2.readContract({ ...origin, blockNumber: l2Block })
      const [locked, minted, withdrawals] = await Promise.all([
        l1.readContract({
          address: L1StandardBridge,
          abi: l1StandardBridgeAbi,
          functionName: 'deposits',
          args: [wbtc.l1, wbtc.l2],
          blockNumber: l1Block,
        }),
        l2.readContract({
          address: wbtc.l2,
          abi: erc20Abi,
          functionName: 'totalSupply',
          blockNumber: l2Block,
        }),
        withdrawalsBetween(l2, { fromBlock: 1n, toBlock: l2Block }),
      ])
      let inFlight = 0n
      for (const withdrawal of withdrawals) {
        const message = { ...withdrawal, to: withdrawal.target, from: withdrawal.sender }
        const effect = effectOf(message, withdrawalEnds(manifest.l1.contracts))
        const query = { contracts: manifest.l1.contracts, withdrawal, blockNumber: l1Block }
        if (effect.kind !== 'erc20' || (await readWithdrawalFacts(l1, query)).finalised) continue
        inFlight += effect.amount
      }
      return { locked, minted, inFlight }
    }
    // On engine anvil the deposits of an L1 block get an L2 block each: until then L2 is behind.
    const found = await eventually(
      async () => {
        const { locked, minted, inFlight } = await sides()
        if (minted !== locked - inFlight) throw new Error(`${minted} is not ${locked} - ${inFlight}`)
        return { minted }
      },
      'minted = locked - in flight',
      patience.depositSeconds,
    )
    assert.ok(found.minted > 0n)
  })
})

/** Our predeploys book the days and indices of a running network. */
function isOurs(address: Address): boolean {
  return getAddress(address).startsWith('0x4853')
}

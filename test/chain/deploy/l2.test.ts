import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  createClient,
  encodeAbiParameters,
  getContractAddress,
  http,
  keccak256,
  parseEther,
  toHex,
  zeroAddress,
} from 'viem'
import {
  deployContract,
  getBlock,
  getCode,
  getTransactionCount,
  readContract,
  simulateContract,
  waitForTransactionReceipt,
  writeContract,
} from 'viem/actions'
import { loadArtifact } from '../../../chain/artifacts.ts'
import { packBox } from '../../../chain/box.ts'
import type { L1Deployment } from '../../../chain/deploy/config.ts'
import { create2Deployment } from '../../../chain/deploy/create2.ts'
import { deployPayoutForwarderFactory } from '../../../chain/deploy/forwarder.ts'
import { deployL1 } from '../../../chain/deploy/l1.ts'
import { deployL2, l2Deployments } from '../../../chain/deploy/l2.ts'
import { ensureIndex, type IndexDefinition } from '../../../chain/deploy/ledger.ts'
import { bridgedToken } from '../../../chain/deploy/token.ts'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { ManifestMismatchError, TokenPairError, TransactionNotSentError } from '../../../chain/errors.ts'
import {
  ethereumRelay,
  indexFeed,
  ledger,
  listing,
  payoutForwarderFactory,
  signerBonds,
} from '../../../chain/generated/abi.ts'
import { hashsandPredeploys, predeploys } from '../../../chain/generated/addresses.ts'
import { optimismMintableERC20FactoryAbi, wethAbi } from '../../../chain/generated/opAbi.ts'
import {
  nonfungiblePositionManagerAbi,
  quoterV2Abi,
  uniswapV3FactoryAbi,
} from '../../../chain/generated/uniswapAbi.ts'
import { buildGenesis } from '../../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../../chain/genesis/inject.ts'
import { checkIdentity } from '../../../chain/identity.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { checkTokens, type TokenPair } from '../../../chain/tokens.ts'
import { account, clientOf, config, deployer, startTestNode, type TestNode } from '../fixture.ts'

const FEE = 3_000
const FULL_RANGE = 887_220

describe('deployment of L2', () => {
  let nodes: { l1: TestNode; l2: TestNode }
  let l1Deployment: L1Deployment
  let deployed: Awaited<ReturnType<typeof deployL2>>
  const l1 = () => clientOf(nodes.l1.rpcUrl, 900)
  const l2 = () => clientOf(nodes.l2.rpcUrl, 901)
  const wbtc = () => ({ l1: l1Deployment.wbtc, name: 'Wrapped BTC', symbol: 'WBTC', decimals: 8 })
  const pair = (overrides: Partial<TokenPair> = {}): TokenPair => ({
    ...wbtc(),
    l2: deployed.tokens[0] ?? zeroAddress,
    ...overrides,
  })

  before(async () => {
    nodes = {
      l1: await startTestNode(900, ['--hardfork', 'osaka']),
      l2: await startTestNode(901, ['--network', 'optimism', '--hardfork', 'granite', '--order', 'fifo']),
    }
    l1Deployment = await deployL1(l1(), { config })
    await injectGenesis(nodes.l2.rpcUrl, await buildGenesis(config, l1Deployment.contracts))
    await anvil(l2(), 'anvil_setBalance', [deployer.address, toHex(parseEther('100'))])
    deployed = await deployL2(l2(), { config, tokens: [wbtc()] })
  })
  after(() => Promise.all([nodes.l1.stop(), nodes.l2.stop()]))

  it('puts the timelock where genesis expects the owner of ProxyAdmin', async () => {
    const { abi } = loadArtifact('op', 'ProxyAdmin')
    const owner = await readContract(l2(), { address: predeploys.ProxyAdmin, abi, functionName: 'owner' })
    assert.equal(owner, deployed.contracts.Timelock)
    assert.ok((await getCode(l2(), { address: deployed.contracts.Timelock })) !== undefined)
  })

  it('sends nothing when it is run again', async () => {
    const nonce = await getTransactionCount(l2(), { address: deployer.address })
    assert.deepEqual(await deployL2(l2(), { config, tokens: [wbtc()] }), deployed)
    assert.equal(await getTransactionCount(l2(), { address: deployer.address }), nonce)
  })

  it('goes on where it was cut off', async () => {
    const node = await startTestNode(901, [
      '--network',
      'optimism',
      '--hardfork',
      'granite',
      '--order',
      'fifo',
    ])
    try {
      const client = clientOf(node.rpcUrl, 901)
      await injectGenesis(node.rpcUrl, await buildGenesis(config, l1Deployment.contracts))
      // Enough for some of the contracts, not for all.
      await anvil(client, 'anvil_setBalance', [deployer.address, toHex(parseEther('0.01'))])
      await assert.rejects(deployL2(client, { config, tokens: [wbtc()] }), TransactionNotSentError)
      const there = await Promise.all(
        Object.values(l2Deployments(config)).map(({ address }) => getCode(client, { address })),
      )
      assert.ok(there.some((code) => code === undefined))
      await anvil(client, 'anvil_setBalance', [deployer.address, toHex(parseEther('100'))])
      assert.deepEqual(await deployL2(client, { config, tokens: [wbtc()] }), deployed)
    } finally {
      await node.stop()
    }
  })

  it('has a Uniswap whose parts know each other', async () => {
    const {
      NonfungiblePositionManager: manager,
      QuoterV2: quoter,
      UniswapV3Factory: factory,
    } = deployed.contracts
    const [a, b] = [await wrapped(10n ** 9n), await secondToken()]
    const [token0, token1] = BigInt(a) < BigInt(b) ? [a, b] : [b, a]
    const write = async (parameters: Parameters<typeof writeContract>[1]) => {
      const hash = await writeContract(l2(), parameters)
      assert.equal((await waitForTransactionReceipt(l2(), { hash })).status, 'success')
    }
    for (const address of [a, b]) {
      await write({ ...base, address, abi: wethAbi, functionName: 'approve', args: [manager, 10n ** 18n] })
    }
    await write({
      ...base,
      address: manager,
      abi: nonfungiblePositionManagerAbi,
      functionName: 'createAndInitializePoolIfNecessary',
      args: [token0, token1, FEE, 2n ** 96n],
    })
    const pool = await readContract(l2(), {
      address: factory,
      abi: uniswapV3FactoryAbi,
      functionName: 'getPool',
      args: [a, b, FEE],
    })
    // What router, quoter and manager compute from the init code hash that they carry.
    const salt = keccak256(
      encodeAbiParameters(
        [{ type: 'address' }, { type: 'address' }, { type: 'uint24' }],
        [token0, token1, FEE],
      ),
    )
    const { bytecode } = loadArtifact('uniswap-core', 'UniswapV3Pool')
    assert.equal(pool, getContractAddress({ opcode: 'CREATE2', from: factory, salt, bytecode }))
    const range = { tickLower: -FULL_RANGE, tickUpper: FULL_RANGE }
    const amounts = { amount0Desired: 10n ** 8n, amount1Desired: 10n ** 8n, amount0Min: 0n, amount1Min: 0n }
    const deadline = 2n ** 64n
    await write({
      ...base,
      address: manager,
      abi: nonfungiblePositionManagerAbi,
      functionName: 'mint',
      args: [{ token0, token1, fee: FEE, ...range, ...amounts, recipient: deployer.address, deadline }],
    })
    const quote = { tokenIn: a, tokenOut: b, amountIn: 10_000n, fee: FEE, sqrtPriceLimitX96: 0n }
    const { result } = await simulate(quoter, quote)
    assert.ok(result[0] > 9_900n && result[0] < 10_000n, `${result[0]}`)
    const uri = await readContract(l2(), {
      address: manager,
      abi: nonfungiblePositionManagerAbi,
      functionName: 'tokenURI',
      args: [1n],
    })
    assert.match(uri, /^data:application\/json/)
  })

  it('has a Listing that knows the ledger and the position manager', async () => {
    const { Listing: address, NonfungiblePositionManager: manager } = deployed.contracts
    const contract = { address, abi: listing.abi } as const
    assert.equal(await readContract(l2(), { ...contract, functionName: 'positionManager' }), manager)
    const ledger = await readContract(l2(), { ...contract, functionName: 'ledger' })
    assert.equal(ledger, hashsandPredeploys.Ledger)
  })

  it('has bonds, an Ethereum relay and feeds that know the index', async () => {
    const { SignerBonds, EthereumRelay } = deployed.contracts
    const index = hashsandPredeploys.RewardIndex
    const bonds = { address: SignerBonds, abi: signerBonds.abi } as const
    const relay = { address: EthereumRelay, abi: ethereumRelay.abi } as const
    assert.equal(await readContract(l2(), { ...bonds, functionName: 'INDEX' }), index)
    assert.equal(await readContract(l2(), { ...relay, functionName: 'rewardIndex' }), index)
    const described = await Promise.all(
      deployed.feeds.map(async ({ address, network, component, stage }) => {
        const text = await readContract(l2(), { address, abi: indexFeed.abi, functionName: 'description' })
        return [network, component, stage, text]
      }),
    )
    const title = (what: string, stage: string) => `BTC ${what}, base units per 1 PH/s and epoch, ${stage}`
    const expected = ['subsidy', 'fees', 'total'].flatMap((what) =>
      ['settled', 'provisional'].map((stage) => [1, what, stage, title(what, stage)]),
    )
    assert.deepEqual(described, expected)
  })

  const base = { account: deployer, chain: null }

  async function simulate(
    quoter: Address,
    quote: { tokenIn: Address; tokenOut: Address; amountIn: bigint; fee: number; sqrtPriceLimitX96: bigint },
  ) {
    return simulateContract(l2(), {
      address: quoter,
      abi: quoterV2Abi,
      functionName: 'quoteExactInputSingle',
      args: [quote],
    })
  }

  async function wrapped(value: bigint): Promise<Address> {
    const hash = await writeContract(l2(), {
      address: predeploys.WETH,
      abi: wethAbi,
      functionName: 'deposit',
      value,
    })
    await waitForTransactionReceipt(l2(), { hash })
    return predeploys.WETH
  }

  /** Another token that can simply be had: a second WETH. */
  async function secondToken(): Promise<Address> {
    const { abi, bytecode } = loadArtifact('op', 'WETH')
    const hash = await deployContract(l2(), { abi, bytecode })
    const { contractAddress } = await waitForTransactionReceipt(l2(), { hash })
    assert.ok(contractAddress != null)
    const deposit = await writeContract(l2(), {
      address: contractAddress,
      abi: wethAbi,
      functionName: 'deposit',
      value: 10n ** 9n,
    })
    await waitForTransactionReceipt(l2(), { hash: deposit })
    return contractAddress
  }

  it('puts WBTC where it was predicted, and accepts the pair', async () => {
    assert.equal(deployed.tokens[0], bridgedToken(wbtc()).address)
    await checkTokens({ l1: l1(), l2: l2() }, [pair()])
  })

  it('refuses a pair with 18 decimals on L2, naming both values', async () => {
    const hash = await writeContract(l2(), {
      address: predeploys.OptimismMintableERC20Factory,
      abi: optimismMintableERC20FactoryAbi,
      functionName: 'createOptimismMintableERC20',
      args: [l1Deployment.wbtc, 'Wrapped BTC', 'WBTC'],
    })
    await waitForTransactionReceipt(l2(), { hash })
    const { address } = bridgedToken({ ...wbtc(), decimals: 18 })
    await assert.rejects(checkTokens({ l1: l1(), l2: l2() }, [pair({ l2: address })]), (error) => {
      assert.ok(error instanceof TokenPairError)
      return (
        error.given === '18' &&
        error.expected === '8' &&
        /decimals on L2 is 18, expected 8/.test(error.message)
      )
    })
  })

  it('refuses another remote token, no token, and decimals that only the manifest believes in', async () => {
    const clients = { l1: l1(), l2: l2() }
    const other = create2Deployment(loadArtifact('op', 'WETH')).address
    await assert.rejects(checkTokens(clients, [pair({ decimals: 18 })]), TokenPairError)
    await assert.rejects(checkTokens(clients, [pair({ l2: other })]), TokenPairError)
    await assert.rejects(checkTokens(clients, [pair({ l2: predeploys.WETH })]), TokenPairError)
    await assert.rejects(checkTokens(clients, [pair({ l1: other })]), TokenPairError)
  })

  it('lets a node that does not answer stay what it is', async () => {
    const dead = createClient({ transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
    await assert.rejects(
      checkTokens({ l1: dead, l2: l2() }, [pair()]),
      (error) => !(error instanceof TokenPairError),
    )
  })

  it('registers an index once', async () => {
    const definition: IndexDefinition = {
      name: 'BTC-90',
      unit: '1 PH/s',
      token: pair().l2,
      source: hashsandPredeploys.RewardIndex,
      network: 1,
      firstEpoch: 20_000,
      tick: 10n ** 9n,
      caps: [10n ** 12n, 10n ** 12n],
    }
    assert.equal(await ensureIndex(l2(), definition), 1)
    assert.equal(await ensureIndex(l2(), definition), 1)
    assert.equal(await ensureIndex(l2(), { ...definition, name: 'BTC-365' }), 2)
  })

  it('describes and draws a position, in the units of the bridged token', async () => {
    const box = { mask: 3, index: 1, start: 20_000, end: 20_030, lo: 0n, hi: 15_000n * 10n ** 9n } as const
    const uri = await readContract(l2(), {
      address: hashsandPredeploys.Ledger,
      abi: ledger.abi,
      functionName: 'tokenURI',
      args: [packBox({ side: 'long', ...box })],
    })
    const data = fromDataUri('application/json', uri)
    const { name, description, image } = JSON.parse(data)
    assert.equal(name, 'Hash_Sand BTC-90#1 long subsidy+fees 2024-10-04 to 2024-11-03 [0,15000000000000)')
    assert.match(description, /^One token pays, in WBTC, what 1 PH\/s earns up to 0\.00015 WBTC\./)
    assertWellFormed(fromDataUri('image/svg+xml', image))
  })

  function fromDataUri(type: string, uri: string): string {
    const head = `data:${type};base64,`
    assert.ok(uri.startsWith(head), uri)
    return Buffer.from(uri.slice(head.length), 'base64').toString('utf8')
  }

  /** Every tag is closed in its place, attributes are quoted, and no text has a sign of markup. */
  function assertWellFormed(xml: string): void {
    const open: string[] = []
    const rest = xml.replace(
      /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>/g,
      (_, close: string, tag: string, attributes: string, empty: string) => {
        if (close !== '') assert.deepEqual([open.pop(), attributes, empty], [tag, '', ''])
        else if (empty === '') open.push(tag)
        return ''
      },
    )
    assert.deepEqual(open, [])
    assert.doesNotMatch(rest, /[<>&]/)
    assert.ok(xml.startsWith('<svg ') && xml.endsWith('</svg>'))
  }

  it('waits for the registration of an interrupted run instead of sending a second one', async () => {
    const definition: IndexDefinition = {
      name: 'BTC-30',
      unit: '1 PH/s',
      token: pair().l2,
      source: hashsandPredeploys.RewardIndex,
      network: 1,
      firstEpoch: 20_000,
      tick: 10n ** 9n,
      caps: [10n ** 12n, 10n ** 12n],
    }
    await anvil(l2(), 'evm_setAutomine', [false])
    const interrupted = ensureIndex(l2(), definition)
    const sent = async () => getTransactionCount(l2(), { address: deployer.address, blockTag: 'pending' })
    const mined = await getTransactionCount(l2(), { address: deployer.address })
    while ((await sent()) === mined) await sleep(10)
    const again = ensureIndex(l2(), definition)
    await sleep(100)
    await anvil(l2(), 'evm_setAutomine', [true])
    await anvil(l2(), 'evm_mine', [])
    assert.equal(await again, await interrupted)
    assert.equal(await getTransactionCount(l2(), { address: deployer.address }), mined + 1)
  })

  it('brings the factory of payout addresses to L1 once', async () => {
    const bridge = l1Deployment.contracts.L1StandardBridge
    const parameters = { bridge, pairs: [{ l1Token: l1Deployment.wbtc, l2Token: pair().l2 }] }
    const address = await deployPayoutForwarderFactory(l1(), parameters)
    const head = await getBlock(l1())
    assert.equal(await deployPayoutForwarderFactory(l1(), parameters), address)
    assert.equal((await getBlock(l1())).hash, head.hash)
    const known = await readContract(l1(), {
      address,
      abi: payoutForwarderFactory.abi,
      functionName: 'l2TokenOf',
      args: [l1Deployment.wbtc],
    })
    assert.equal(known, pair().l2)
  })

  it('knows its own RPCs and no others', async () => {
    const genesis = await getBlock(l2(), { blockNumber: 0n })
    const manifest = {
      l1: { chainId: 900, ...l1Deployment },
      l2: { chainId: 901, genesisHash: genesis.hash },
    } as unknown as Manifest
    const clients = { l1: l1(), l2: l2() }
    await checkIdentity(clients, manifest)

    const wrong: [string, Manifest][] = [
      ['L1 chain id', { ...manifest, l1: { ...manifest.l1, chainId: 1 } }],
      ['hash of L1 block 0', { ...manifest, l1: { ...manifest.l1, genesisHash: genesis.hash } }],
      ['L2 chain id', { ...manifest, l2: { ...manifest.l2, chainId: 10 } }],
      ['hash of L2 block 0', { ...manifest, l2: { ...manifest.l2, genesisHash: l1Deployment.genesisHash } }],
    ]
    for (const [what, other] of wrong) {
      await assert.rejects(
        checkIdentity(clients, other),
        (error) => error instanceof ManifestMismatchError && error.what === what,
      )
    }
    const start = { ...manifest.l1.startBlock, hash: genesis.hash }
    await assert.rejects(
      checkIdentity(clients, { ...manifest, l1: { ...manifest.l1, startBlock: start } }),
      ManifestMismatchError,
    )
    const contracts = { ...manifest.l1.contracts, L1StandardBridge: account().address }
    await assert.rejects(
      checkIdentity(clients, { ...manifest, l1: { ...manifest.l1, contracts } }),
      ManifestMismatchError,
    )
  })
})

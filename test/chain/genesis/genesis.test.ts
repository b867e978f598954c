import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import {
  type Abi,
  type Address,
  encodeAbiParameters,
  getAddress,
  getContractAddress,
  type Hex,
  hexToBytes,
  keccak256,
  multicall3Abi,
  stringToHex,
  toFunctionSelector,
  toHex,
} from 'viem'
import {
  call,
  deployContract,
  getBlock,
  getCode,
  getProof,
  readContract,
  waitForTransactionReceipt,
} from 'viem/actions'
import { loadArtifact } from '../../../chain/artifacts.ts'
import type { DeployConfig, L1Contracts, NetworkConfig } from '../../../chain/deploy/config.ts'
import { l2Timelock } from '../../../chain/deploy/timelock.ts'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { bitcoinRelay, ledger, rewardIndex } from '../../../chain/generated/abi.ts'
import { hashsandPredeploys, predeploys, preinstalls } from '../../../chain/generated/addresses.ts'
import { gasPriceOracleAbi, l2StandardBridgeAbi, proxyAdminAbi } from '../../../chain/generated/opAbi.ts'
import type { GenesisAccounts } from '../../../chain/genesis/account.ts'
import { TwoBitcoinNetworksError } from '../../../chain/genesis/errors.ts'
import {
  buildGenesis,
  implementationOf,
  networkArgument,
  relayArgument,
} from '../../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../../chain/genesis/inject.ts'
import { l1ContractNames } from '../../../chain/manifest.ts'
import { simulatorTerms } from '../../../oracle/developmentNetworks.ts'
import { account, config as attested, clientOf, startTestNode, type TestNode } from '../fixture.ts'

// Safe: one entry for every name.
const l1 = Object.fromEntries(l1ContractNames.map((name) => [name, account().address])) as L1Contracts

const word = (value: bigint | Hex) => toHex(BigInt(value), { size: 32 })

describe('genesis of L2', () => {
  let genesis: GenesisAccounts
  let node: TestNode
  let config: DeployConfig
  const client = () => clientOf(node.rpcUrl, 901)
  const at = (address: Address) =>
    genesis.get(getAddress(address)) ?? assert.fail(`${address} is not in genesis`)

  before(async () => {
    config = { ...attested, networks: await Promise.all(attested.networks.map(proven)) }
    genesis = await buildGenesis(config, l1)
    node = await startTestNode(901, ['--network', 'optimism', '--hardfork', 'granite'])
    await injectGenesis(node.rpcUrl, genesis)
  })
  after(() => node.stop())

  it('has a real state root from block 1 on', async () => {
    const block = await getBlock(client())
    assert.equal(block.number, 1n)
    for (const address of [predeploys.L2ToL1MessagePasser, hashsandPredeploys.RewardIndex]) {
      const { accountProof } = await getProof(client(), { address, storageKeys: [], blockNumber: 1n })
      assert.equal(keccak256(accountProof[0] ?? '0x'), block.stateRoot)
    }
  })

  it('is in the node exactly as in the data, and nothing else is', async () => {
    const dump = await anvil(client(), 'anvil_dumpState', [false])
    const { accounts } = JSON.parse(gunzipSync(hexToBytes(dump)).toString()) as Dump
    for (const [address, { code, storage, balance, nonce }] of Object.entries(accounts)) {
      const expected = genesis.get(getAddress(address)) ?? {}
      assert.equal(code, expected.code ?? '0x', address)
      assert.equal(BigInt(balance), expected.balance ?? 0n, address)
      assert.equal(BigInt(nonce), expected.nonce ?? 0n, address)
      const words = Object.entries(storage).map(([slot, value]) => [word(slot as Hex), word(value as Hex)])
      assert.deepEqual(Object.fromEntries(words), expected.storage ?? {}, address)
    }
    assert.ok(Object.keys(accounts).length >= genesis.size)
  })

  it('holds no ether but 1 wei on each precompile', () => {
    const balances = [...genesis].map(([address, { balance = 0n }]) => [BigInt(address), balance] as const)
    const rich = balances.filter(([, balance]) => balance > 0n)
    assert.deepEqual(
      rich,
      Array.from({ length: 256 }, (_, index) => [BigInt(index), 1n] as const),
    )
  })

  it('has the published code behind every proxy', () => {
    const immutables = new Set([
      'SequencerFeeVault',
      'BaseFeeVault',
      'L1FeeVault',
      'OptimismMintableERC721Factory',
      'EAS',
    ])
    const names = [
      ...[
        'LegacyMessagePasser',
        'DeployerWhitelist',
        'L2CrossDomainMessenger',
        'GasPriceOracle',
        'L2StandardBridge',
      ],
      ...['SequencerFeeVault', 'OptimismMintableERC20Factory', 'L1BlockNumber', 'L2ERC721Bridge', 'L1Block'],
      ...['L2ToL1MessagePasser', 'OptimismMintableERC721Factory', 'ProxyAdmin', 'BaseFeeVault', 'L1FeeVault'],
      ...['SchemaRegistry', 'EAS'],
    ] as (keyof typeof predeploys)[]
    for (const name of names) {
      const proxy = at(predeploys[name])
      assert.equal(proxy.code, loadArtifact('op', 'Proxy').deployedBytecode)
      const { code } = at(implementationOf(predeploys[name]))
      const published = loadArtifact('op', name).deployedBytecode
      if (immutables.has(name)) assert.equal(code?.length, published.length, name)
      else assert.equal(code, published, name)
    }
    assert.equal(at(predeploys.WETH).code, loadArtifact('op', 'WETH').deployedBytecode)
  })

  it("has the storage that OP's own genesis script writes", () => {
    const initialised = word(1n)
    const dead = word(0xdeadn)
    const messenger = { [word(0n)]: word(1n << 160n), [word(204n)]: dead }
    const expected: [Address, Record<Hex, Hex>, Record<Hex, Hex>][] = [
      [
        predeploys.L2CrossDomainMessenger,
        { ...messenger, [word(207n)]: word(l1.L1CrossDomainMessenger) },
        messenger,
      ],
      [
        predeploys.L2StandardBridge,
        {
          [word(0n)]: initialised,
          [word(3n)]: word(predeploys.L2CrossDomainMessenger),
          [word(4n)]: word(l1.L1StandardBridge),
        },
        { [word(0n)]: initialised, [word(3n)]: word(predeploys.L2CrossDomainMessenger) },
      ],
      [
        predeploys.L2ERC721Bridge,
        {
          [word(0n)]: initialised,
          [word(1n)]: word(predeploys.L2CrossDomainMessenger),
          [word(2n)]: word(l1.L1ERC721Bridge),
        },
        { [word(0n)]: initialised, [word(1n)]: word(predeploys.L2CrossDomainMessenger) },
      ],
      [
        predeploys.OptimismMintableERC20Factory,
        { [word(0n)]: initialised, [word(1n)]: word(predeploys.L2StandardBridge) },
        { [word(0n)]: initialised },
      ],
      [
        predeploys.ProxyAdmin,
        { [word(0n)]: word(l2Timelock(config)) },
        { [word(0n)]: word(l2Timelock(config)) },
      ],
      [predeploys.GasPriceOracle, { [word(0n)]: word(0x0101n) }, {}],
      [predeploys.L1Block, {}, {}],
      [predeploys.L2ToL1MessagePasser, {}, {}],
    ]
    for (const [address, onProxy, onImplementation] of expected) {
      const { storage = {} } = at(address)
      const own = Object.entries(storage).filter(([slot]) => BigInt(slot) < 1n << 64n)
      assert.deepEqual(Object.fromEntries(own), onProxy, address)
      assert.deepEqual(at(implementationOf(address)).storage, onImplementation, address)
    }
  })

  it('wires bridge, oracle of gas prices and ProxyAdmin for callers', async () => {
    const [otherBridge, isFjord, owner, admin] = await Promise.all([
      readContract(client(), {
        address: predeploys.L2StandardBridge,
        abi: l2StandardBridgeAbi,
        functionName: 'otherBridge',
      }),
      readContract(client(), {
        address: predeploys.GasPriceOracle,
        abi: gasPriceOracleAbi,
        functionName: 'isFjord',
      }),
      readContract(client(), { address: predeploys.ProxyAdmin, abi: proxyAdminAbi, functionName: 'owner' }),
      readContract(client(), {
        address: predeploys.ProxyAdmin,
        abi: proxyAdminAbi,
        functionName: 'getProxyAdmin',
        args: [predeploys.L1Block],
      }),
    ])
    assert.deepEqual(
      [otherBridge, isFjord, owner, admin],
      [l1.L1StandardBridge, true, l2Timelock(config), predeploys.ProxyAdmin],
    )
    const { abi } = loadArtifact('op', 'BaseFeeVault')
    for (const vault of [predeploys.BaseFeeVault, predeploys.L1FeeVault, predeploys.SequencerFeeVault]) {
      assert.equal(
        await readContract(client(), { address: vault, abi, functionName: 'RECIPIENT' }),
        l1.Timelock,
      )
    }
  })

  it('has RewardIndex, BitcoinRelay and Ledger as their constructors leave them elsewhere', async () => {
    const indexArgs = [config.clock, l2Timelock(config), config.networks.map(networkArgument)] as const
    await anvil(client(), 'anvil_setBalance', [client().account.address, toHex(10n ** 18n)])
    for (const [name, contract, args] of [
      ['RewardIndex', rewardIndex, indexArgs],
      ['BitcoinRelay', bitcoinRelay, [relayArgument(config)]],
      ['Ledger', ledger, []],
    ] as const) {
      const { abi, bytecode }: { abi: Abi; bytecode: Hex } = contract
      const hash = await deployContract(client(), { abi, bytecode, args })
      const { contractAddress: twin } = await waitForTransactionReceipt(client(), { hash })
      assert.ok(twin != null)
      const predeploy = hashsandPredeploys[name]
      const children = [1n, 2n].map((nonce) => [
        getContractAddress({ from: twin, nonce }),
        getContractAddress({ from: predeploy, nonce }),
      ]) as [Address, Address][]
      // Everything that depends on where it stands is its own address and those of its children.
      const moved = (hex: Hex) =>
        [[twin, predeploy] as const, ...children].reduce(
          (text, [from, to]) =>
            text.replaceAll(from.slice(2).toLowerCase(), to.slice(2).toLowerCase()) as Hex,
          hex.toLowerCase() as Hex,
        )
      assert.equal(at(predeploy).code, moved((await getCode(client(), { address: twin })) ?? '0x'), name)
      const dump = await anvil(client(), 'anvil_dumpState', [false])
      const { accounts } = JSON.parse(gunzipSync(hexToBytes(dump)).toString()) as Dump
      const words = Object.entries(accounts[twin.toLowerCase()]?.storage ?? {})
        .map(([slot, value]) => [word(slot as Hex), moved(word(value as Hex))] as const)
        .filter(([, value]) => BigInt(value) !== 0n)
      assert.deepEqual(at(predeploy).storage, Object.fromEntries(words), name)
      for (const [from, to] of children) {
        const code = await getCode(client(), { address: from })
        if (code !== undefined) assert.equal(at(to).code, moved(code))
        else assert.equal(genesis.has(to), false)
      }
      assert.equal(at(predeploy).nonce, BigInt(accounts[twin.toLowerCase()]?.nonce ?? 0))
    }
    const count = await readContract(client(), {
      address: hashsandPredeploys.RewardIndex,
      abi: rewardIndex.abi,
      functionName: 'networkCount',
    })
    assert.equal(count, 1)
  })

  it('has working preinstalls, Permit2 for this chain', async () => {
    const number = await readContract(client(), {
      address: preinstalls.MultiCall3,
      abi: multicall3Abi,
      functionName: 'getCurrentBlockTimestamp',
    })
    assert.ok(number > 0n)
    const domainType = 'EIP712Domain(string name,uint256 chainId,address verifyingContract)'
    const domain = keccak256(
      encodeAbiParameters(
        [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }],
        [keccak256(stringToHex(domainType)), keccak256(stringToHex('Permit2')), 901n, preinstalls.Permit2],
      ),
    )
    const { data } = await call(client(), {
      to: preinstalls.Permit2,
      data: toFunctionSelector('DOMAIN_SEPARATOR()'),
    })
    assert.equal(data, domain)
    for (const [name, address] of Object.entries(preinstalls)) assert.equal(at(address).nonce, 1n, name)
    assert.equal(at(preinstalls.BeaconBlockRootsSender).code, undefined)
  })

  it('grows to all 2,048 proxies by one parameter, and changes nothing else', async () => {
    const full = await buildGenesis({ ...config, predeployProxies: 'full' }, l1)
    for (const [address, data] of genesis) assert.deepEqual(full.get(address), data, address)
    const first = BigInt(predeploys.LegacyMessagePasser)
    const namespace = [...full.keys()].filter(
      (address) => BigInt(address) >= first && BigInt(address) < first + 2_048n,
    )
    // Not there: the GovernanceToken. WETH is, without a proxy.
    assert.equal(namespace.length, 2_047)
    assert.equal(full.has(predeploys.GovernanceToken), false)
  })

  it('has no BitcoinRelay where no network is proven from Bitcoin, and refuses two that are', async () => {
    assert.equal((await buildGenesis(attested, l1)).has(hashsandPredeploys.BitcoinRelay), false)
    const [network] = config.networks
    assert.ok(network)
    await assert.rejects(
      buildGenesis({ ...config, networks: [network, network] }, l1),
      new TwoBitcoinNetworksError(2),
    )
  })

  it('comes out the same every time', async () => {
    assert.deepEqual(await buildGenesis(config, l1), genesis)
  })
})

async function proven(network: NetworkConfig): Promise<NetworkConfig> {
  const prover = hashsandPredeploys.BitcoinRelay
  return { ...network, class: 'proven', prover, bitcoin: await simulatorTerms() }
}

type Dump = {
  accounts: Record<string, { nonce: number; balance: string; code: Hex; storage: Record<string, string> }>
}

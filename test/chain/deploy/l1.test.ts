import assert from 'node:assert/strict'
import { type Address, encodeFunctionData, type Hash, pad, parseEther, toHex, zeroHash } from 'viem'
import { getBlock, readContract, waitForTransactionReceipt, writeContract } from 'viem/actions'
import { loadArtifact } from '../../../chain/artifacts.ts'
import { type AssertL1Parameters, assertL1Deployment, eip1967Slot } from '../../../chain/deploy/assertions.ts'
import type { L1Deployment } from '../../../chain/deploy/config.ts'
import {
  FinalizationTooShortError,
  InitializableAgainError,
  PausedError,
  PreinstallMissingError,
  WrongAuthorityError,
  WrongDelayError,
  WrongWiringError,
} from '../../../chain/deploy/errors.ts'
import { deployL1 } from '../../../chain/deploy/l1.ts'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { testWBTC } from '../../../chain/generated/abi.ts'
import { proxyAdminAbi, superchainConfigAbi, systemConfigAbi } from '../../../chain/generated/opAbi.ts'
import { account, clientOf, config, deployer, startTestNode, type TestNode, undone } from '../fixture.ts'

describe('deployment of L1', () => {
  let node: TestNode
  let deployment: L1Deployment
  const client = () => clientOf(node.rpcUrl, 900)

  before(async () => {
    node = await startTestNode(900, ['--hardfork', 'osaka'])
    deployment = await deployL1(client(), { config })
  })
  after(() => node.stop())

  const check = (overrides: Partial<AssertL1Parameters> = {}) =>
    assertL1Deployment(client(), {
      contracts: deployment.contracts,
      implementations: {},
      initializers: {},
      config,
      ...overrides,
    })

  async function as(from: Address, to: Address, data: `0x${string}`): Promise<void> {
    await anvil(client(), 'anvil_setBalance', [from, toHex(parseEther('1'))])
    await anvil(client(), 'anvil_impersonateAccount', [from])
    const hash = await anvil(client(), 'eth_sendTransaction', [{ from, to, data }])
    // Safe: a transaction hash.
    const { status } = await waitForTransactionReceipt(client(), { hash: hash as Hash })
    assert.equal(status, 'success')
  }

  it('starts the derivation after its own last block', async () => {
    const head = await getBlock(client())
    assert.deepEqual(deployment.startBlock, { number: Number(head.number), hash: head.hash })
    assert.equal(deployment.genesisHash, (await getBlock(client(), { blockNumber: 0n })).hash)
  })

  it('leaves the deployer nothing to change', async () => {
    const { ProxyAdmin, OptimismPortal, SystemConfig } = deployment.contracts
    await assert.rejects(
      writeContract(client(), {
        address: ProxyAdmin,
        abi: proxyAdminAbi,
        functionName: 'upgrade',
        args: [OptimismPortal, deployer.address],
      }),
    )
    await assert.rejects(
      writeContract(client(), {
        address: SystemConfig,
        abi: systemConfigAbi,
        functionName: 'setGasLimit',
        args: [60_000_000n],
      }),
    )
  })

  it('brings a WBTC of 8 decimals', async () => {
    const wbtc = { address: deployment.wbtc, abi: testWBTC.abi } as const
    assert.equal(await readContract(client(), { ...wbtc, functionName: 'decimals' }), 8)
  })

  it('holds every assertion as deployed', () => check())

  it('sees a pause', () =>
    undone(node.rpcUrl, async () => {
      const data = encodeFunctionData({ abi: superchainConfigAbi, functionName: 'pause', args: ['test'] })
      await as(config.roles.guardian, deployment.contracts.SuperchainConfig, data)
      await assert.rejects(check(), PausedError)
    }))

  it('sees another owner of the ProxyAdmin or the SystemConfig', async () => {
    for (const name of ['ProxyAdmin', 'SystemConfig', 'ProtocolVersions', 'DisputeGameFactory'] as const) {
      await undone(node.rpcUrl, async () => {
        const { abi } = loadArtifact('op', name)
        const data = encodeFunctionData({ abi, functionName: 'transferOwnership', args: [account().address] })
        await as(deployment.contracts.Timelock, deployment.contracts[name], data)
        await assert.rejects(
          check(),
          (error) => error instanceof WrongAuthorityError && error.contract === name,
        )
      })
    }
  })

  it('sees another proxy admin and another implementation', async () => {
    const portal = deployment.contracts.OptimismPortal
    const implementation = await implementationOf(portal)
    const implementations = { OptimismPortal: implementation }
    await check({ implementations })
    for (const slot of ['admin', 'implementation'] as const) {
      await undone(node.rpcUrl, async () => {
        await anvil(client(), 'anvil_setStorageAt', [portal, eip1967Slot(slot), pad(account().address)])
        await assert.rejects(check({ implementations }), WrongWiringError)
      })
    }
  })

  it('sees a proxy and an implementation that could be initialised again', async () => {
    const bridge = deployment.contracts.OptimismMintableERC20Factory
    const implementation = await implementationOf(bridge)
    const parameters = {
      implementations: { OptimismMintableERC20Factory: implementation },
      initializers: { OptimismMintableERC20Factory: [deployment.contracts.L1StandardBridge] },
    }
    await check(parameters)
    for (const address of [bridge, implementation]) {
      await undone(node.rpcUrl, async () => {
        await anvil(client(), 'anvil_setStorageAt', [address, zeroHash, zeroHash])
        await assert.rejects(
          check(parameters),
          (error) => error instanceof InitializableAgainError && error.address === address,
        )
      })
    }
  })

  it('sees other roles, delays and a period in which nobody can object', async () => {
    for (const role of [
      'proposer',
      'challenger',
      'guardian',
      'batcher',
      'unsafeBlockSigner',
      'governor',
    ] as const) {
      const roles = { ...config.roles, [role]: account().address }
      await assert.rejects(check({ config: { ...config, roles } }), WrongAuthorityError, role)
    }
    await assert.rejects(check({ config: { ...config, timelockDelaySeconds: 61 } }), WrongDelayError)
    const longer = { ...config.bridge, finalizationPeriodSeconds: 7 }
    await assert.rejects(check({ config: { ...config, bridge: longer } }), WrongDelayError)
    const short = { ...config.bridge, finalizationPeriodSeconds: 4 }
    await assert.rejects(check({ config: { ...config, bridge: short } }), (error) => {
      return error instanceof FinalizationTooShortError && error.given === 4 && error.limit === 4
    })
  })

  it('refuses a foreign L1 without Multicall3, before it deploys anything', async () => {
    const foreign = await startTestNode(7)
    try {
      const stranger = clientOf(foreign.rpcUrl, 7)
      const { testL1: _, ...foreignConfig } = config
      await assert.rejects(deployL1(stranger, { config: foreignConfig }), PreinstallMissingError)
      assert.equal((await getBlock(stranger)).number, 0n)
    } finally {
      await foreign.stop()
    }
  })

  async function implementationOf(proxy: Address): Promise<Address> {
    const [admin] = [deployment.contracts.ProxyAdmin]
    return readContract(client(), {
      address: admin,
      abi: proxyAdminAbi,
      functionName: 'getProxyImplementation',
      args: [proxy],
    })
  }
})

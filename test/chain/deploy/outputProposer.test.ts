import assert from 'node:assert/strict'
import {
  type Address,
  ContractFunctionRevertedError,
  createTestClient,
  getAbiItem,
  type Hash,
  http,
  type PrivateKeyAccount,
  parseEther,
  toFunctionSelector,
  toHex,
  BaseError as ViemError,
} from 'viem'
import {
  getBalance,
  getBlock,
  getTransaction,
  readContract,
  simulateContract,
  waitForTransactionReceipt,
  writeContract,
} from 'viem/actions'
import { assertL1Deployment } from '../../../chain/deploy/assertions.ts'
import type { DeployConfig, L1Contracts } from '../../../chain/deploy/config.ts'
import { FinalizationTooLongError, WrongWiringError } from '../../../chain/deploy/errors.ts'
import { deployL1 } from '../../../chain/deploy/l1.ts'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { outputProposer } from '../../../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../../../chain/generated/opAbi.ts'
import { account, clientOf, config as shared, startTestNode, type TestNode } from '../fixture.ts'

const silenceSeconds = 100
const bond = parseEther('0.5')
const right: Hash = `0x${'11'.repeat(32)}`
const wrong: Hash = `0x${'22'.repeat(32)}`

// The model that the Solidity tests use must not be kinder than the oracle that is deployed.
describe('proposing outputs to the real oracle', () => {
  const [operator, challenger, stranger, honest] = [account(), account(), account(), account()]
  const config: DeployConfig = {
    ...shared,
    bridge: { ...shared.bridge, silenceSeconds, outputBondGwei: 500_000_000 },
    roles: { ...shared.roles, proposer: operator.address, challenger: challenger.address },
  }
  let node: TestNode
  let contracts: L1Contracts
  const client = (from?: PrivateKeyAccount) => clientOf(node.rpcUrl, 900, from)

  before(async () => {
    node = await startTestNode(900, ['--hardfork', 'osaka'])
    ;({ contracts } = await deployL1(client(), { config }))
    for (const { address } of [operator, challenger, stranger, honest])
      await anvil(client(), 'anvil_setBalance', [address, toHex(parseEther('10'))])
  })
  after(() => node.stop())

  const proposer = () => ({ address: contracts.OutputProposer, abi: outputProposer.abi }) as const
  const oracle = () => ({ address: contracts.L2OutputOracle, abi: l2OutputOracleAbi }) as const

  async function propose(from: PrivateKeyAccount, root: Hash, value = 0n, l1BlockHash?: Hash): Promise<void> {
    const next = await readContract(client(), { ...oracle(), functionName: 'nextBlockNumber' })
    const { number, parentHash } = await getBlock(client())
    const { request } = await simulateContract(client(from), {
      ...proposer(),
      functionName: 'proposeL2Output',
      args: [root, next, l1BlockHash ?? parentHash, number - 1n],
      value,
    })
    // What an estimate says differs by the time of the block: where it is that of an output that was deleted, its slot needs no write.
    await mined(await writeContract(client(from), { ...request, gas: 500_000n }))
  }

  async function settle(bondId: bigint): Promise<void> {
    const { request } = await simulateContract(client(), {
      ...proposer(),
      functionName: 'settle',
      args: [bondId],
    })
    await mined(await writeContract(client(), request))
  }

  async function remove(index: bigint): Promise<void> {
    await mined(
      await writeContract(client(challenger), {
        ...oracle(),
        functionName: 'deleteL2Outputs',
        args: [index],
      }),
    )
  }

  async function mined(hash: Hash): Promise<void> {
    const { status, gasUsed } = await waitForTransactionReceipt(client(), { hash })
    const { gas } = await getTransaction(client(), { hash })
    assert.equal(status, 'success', `used ${gasUsed} of ${gas} gas`)
  }

  async function wait(seconds: number): Promise<void> {
    const time = createTestClient({ mode: 'anvil', transport: http(node.rpcUrl) })
    await time.increaseTime({ seconds })
    await time.mine({ blocks: 1 })
  }

  const credit = (owner: Address) =>
    readContract(client(), { ...proposer(), functionName: 'creditOf', args: [owner] })

  const reverts = (errorName: string) => (error: unknown) => {
    if (!(error instanceof ViemError)) return false
    const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
    return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === errorName
  }

  it('takes a stranger once the operator is silent, and gives each bond to whom it belongs', async () => {
    await propose(operator, right)
    await assert.rejects(propose(stranger, wrong, bond), reverts('OperatorNotSilent'))
    await wait(silenceSeconds)
    await assert.rejects(propose(stranger, wrong), reverts('WrongBond'))
    await assert.rejects(propose(stranger, right, bond, wrong), /block hash does not match/)

    // One after the other, without another silence: a wrong root, and a right one above it.
    await propose(stranger, wrong, bond)
    await propose(honest, right, bond)
    await remove(1n)
    assert.equal(await readContract(client(), { ...oracle(), functionName: 'nextOutputIndex' }), 1n)
    await assert.rejects(settle(0n), reverts('BondOpen'))
    await assert.rejects(settle(1n), reverts('BondOpen'))

    // Both blocks again: the one that was wrong by the honest one, the other by the operator.
    await propose(honest, right, bond)
    await propose(operator, right)
    await assert.rejects(propose(stranger, wrong, bond), reverts('OperatorNotSilent'))
    await wait(config.bridge.finalizationPeriodSeconds)
    for (const bondId of [0n, 1n, 2n]) await settle(bondId)
    await assert.rejects(settle(0n), reverts('NoSuchBond'))
    assert.deepEqual(await Promise.all([stranger, honest, challenger].map((who) => credit(who.address))), [
      0n,
      2n * bond,
      bond,
    ])

    const to = account().address
    for (const who of [honest, challenger])
      await mined(await writeContract(client(who), { ...proposer(), functionName: 'claim', args: [to] }))
    assert.equal(await getBalance(client(), { address: to }), 3n * bond)
    assert.equal(await getBalance(client(), { address: contracts.OutputProposer }), 0n)
  })

  it('returns the bond of a block that nobody proposed again', async () => {
    await wait(silenceSeconds)
    await propose(stranger, right, bond)
    const bondId = (await readContract(client(), { ...proposer(), functionName: 'bondsPosted' })) - 1n
    const count = await readContract(client(), { ...oracle(), functionName: 'nextOutputIndex' })
    await remove(count - 1n)
    await wait(30 * 86_400 - 60)
    await assert.rejects(settle(bondId), reverts('BondOpen'))
    await wait(61)
    await settle(bondId)
    assert.equal(await credit(stranger.address), bond)
  })

  it('opens at once when the operator’s own output is deleted', async () => {
    await propose(operator, wrong)
    await assert.rejects(propose(stranger, right, bond), reverts('OperatorNotSilent'))
    const count = await readContract(client(), { ...oracle(), functionName: 'nextOutputIndex' })
    await remove(count - 1n)
    await propose(stranger, right, bond)
  })

  it('answers the oracle’s own questions, and hides none of them', async () => {
    const functionsOf = (abi: readonly { type: string }[]) =>
      abi.flatMap((item) => (item.type === 'function' ? [toFunctionSelector(item as never)] : []))
    const own = functionsOf(outputProposer.abi)
    const proposes = toFunctionSelector(getAbiItem({ abi: l2OutputOracleAbi, name: 'proposeL2Output' }))
    assert.deepEqual(
      functionsOf(l2OutputOracleAbi).filter((selector) => own.includes(selector)),
      [proposes],
    )
    for (const functionName of ['version', 'nextBlockNumber', 'L2_BLOCK_TIME', 'PROPOSER'] as const) {
      const question = { abi: l2OutputOracleAbi, functionName }
      assert.equal(
        await readContract(client(), { ...question, address: contracts.OutputProposer }),
        await readContract(client(), { ...question, address: contracts.L2OutputOracle }),
      )
    }
  })

  it('is deployed on the terms of the config, or the deployment is refused', async () => {
    const check = (bridge: Partial<DeployConfig['bridge']>) =>
      assertL1Deployment(client(), {
        contracts,
        implementations: {},
        initializers: {},
        config: { ...config, bridge: { ...config.bridge, ...bridge } },
      })
    await check({})
    const others = [{ silenceSeconds: 99 }, { outputBondGwei: 1 }, { sequencingWindowBlocks: 1 }]
    for (const other of others) await assert.rejects(check(other), WrongWiringError)
    const finalizationPeriodSeconds = 15 * 86_400
    await assert.rejects(check({ finalizationPeriodSeconds }), FinalizationTooLongError)
  })
})

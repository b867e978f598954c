import assert from 'node:assert/strict'
import { type Address, encodeFunctionData, type Hash, type Hex, keccak256, toHex, zeroHash } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { type Call, finaliseCall, proveCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { proposeOutputCall } from '../../bridge/forced.ts'
import { withdrawalsOf } from '../../bridge/observe.ts'
import {
  outputRoot,
  outputRootProof,
  proveArguments,
  type Withdrawal,
  withdrawalSlot,
} from '../../bridge/withdrawal.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l2OutputOracleAbi, optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

// The worst course for a withdrawal: its proof stands, the output under it is deleted, somebody with the proposer's key puts a
// wrong one in its place, somebody else proves the withdrawal on that one, it is deleted too, and the very first root comes back.

describe('sequencer where outputs are deleted', function () {
  this.timeout(240_000)
  let network: TestNetwork

  before(async () => {
    network = await startTestNetwork({}, undefined, 15)
  })
  after(() => network.close())

  const oracle = () =>
    ({ address: network.manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi }) as const
  const portal = () =>
    ({ address: network.manifest.l1.contracts.OptimismPortal, abi: optimismPortalAbi }) as const
  const provenRoot = async (hash: Hash) =>
    (await network.l1.readContract({ ...portal(), functionName: 'provenWithdrawals', args: [hash] }))[0]
  const deleteFrom = (index: bigint) => {
    const data = encodeFunctionData({ ...oracle(), functionName: 'deleteL2Outputs', args: [index] })
    return onL1(network, 'challenger', { to: oracle().address, data, value: 0n })
  }
  const state = async (hash: Hash) => (await network.ask<{ state: string }>(`/v1/messages/${hash}`)).state

  async function withdraw(to: Address): Promise<Withdrawal> {
    const begun = await network.l2Wallet('user').sendTransaction(withdrawEtherCall({ amount: 7n, to }))
    const [withdrawal] = withdrawalsOf(await minedOn(network.l2, begun))
    assert.ok(withdrawal)
    return withdrawal
  }

  /** The true message passer under a state root that is none. */
  async function falseOutput(
    number: bigint,
    { hash }: Withdrawal,
  ): Promise<{ root: Hash; prove: (index: bigint) => Call }> {
    const block = await network.l2Node.getBlock({ blockNumber: number })
    const slot = withdrawalSlot(hash)
    const proof = await network.l2Node.getProof({
      address: predeploys.L2ToL1MessagePasser,
      storageKeys: [slot],
      blockNumber: number,
    })
    const parts = {
      stateRoot: keccak256(toHex('false')),
      storageHash: proof.storageHash,
      blockHash: block.hash,
    }
    const nodes: readonly Hex[] = proof.storageProof[0]?.proof ?? []
    return {
      root: outputRoot(outputRootProof(parts)),
      prove: (index) => proveCall(portal().address, index, proveArguments(withdrawalOf, parts, nodes)),
    }
  }
  let withdrawalOf: Withdrawal

  it('proves again, as often as the proof that stands is taken away, and pays once', async () => {
    const target = privateKeyToAccount(generatePrivateKey()).address
    withdrawalOf = await withdraw(target)
    const { hash } = withdrawalOf
    await until(async () => (await state(hash)) === 'proven', 'the proof', 40)
    await network.killSequencer()
    const right = await provenRoot(hash)
    const index = await network.l1.readContract({
      ...oracle(),
      functionName: 'getL2OutputIndexAfter',
      args: [withdrawalOf.origin.blockNumber],
    })
    const { l2BlockNumber } = await network.l1.readContract({
      ...oracle(),
      functionName: 'getL2Output',
      args: [index],
    })
    const wrong = await falseOutput(l2BlockNumber, withdrawalOf)
    await deleteFrom(index)
    const terms = {
      manifest: network.manifest,
      l2BlockNumber,
      l1Block: { hash: zeroHash, number: 0n },
      bond: 0n,
    }
    await onL1(network, 'proposer', proposeOutputCall({ ...terms, root: wrong.root }))
    await onL1(network, 'miner', wrong.prove(index))
    assert.equal(await provenRoot(hash), wrong.root)
    await deleteFrom(index)
    await assert.rejects(
      network.l1.call({
        account: network.keys.miner.address,
        ...finaliseCall(portal().address, withdrawalOf),
      }),
      'nothing can be finalised on an output that is gone',
    )

    await network.startSequencer()
    await until(async () => (await provenRoot(hash)) === right, 'the proof on the root that came back', 40)
    await until(async () => (await state(hash)) === 'finalised', 'finalised', 40)
    assert.equal(await network.l1.getBalance({ address: target }), 7n)
  })
})

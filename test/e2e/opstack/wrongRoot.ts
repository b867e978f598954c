import assert from 'node:assert/strict'
import {
  type Address,
  createWalletClient,
  type Hash,
  type Hex,
  http,
  keccak256,
  parseGwei,
  toHex,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { finaliseCall, proveCall, withdrawEtherCall } from '../../../bridge/actions.ts'
import { proposeOutputCall } from '../../../bridge/forced.ts'
import { withdrawalsOf } from '../../../bridge/observe.ts'
import {
  type OutputParts,
  outputRoot,
  outputRootProof,
  proveArguments,
  type Withdrawal,
  withdrawalSlot,
} from '../../../bridge/withdrawal.ts'
import { l1Chain } from '../../../chain/chains.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import { l2OutputOracleAbi, optimismPortalAbi } from '../../../chain/generated/opAbi.ts'
import { readKeys } from '../../../services/runtime/keys.ts'
import { eventually, mined, type RunningNetwork, type User } from '../../support/network.ts'

export type Incident = { index: string; root: Hash; proposedAt: string; foundAt: string; state: string }

export const oracleOf = ({ manifest }: Pick<RunningNetwork, 'manifest'>) =>
  ({ address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi }) as const
const portalOf = ({ manifest }: RunningNetwork) =>
  ({ address: manifest.l1.contracts.OptimismPortal, abi: optimismPortalAbi }) as const

export const nextBlock = (network: RunningNetwork) =>
  network.l1.readContract({ ...oracleOf(network), functionName: 'nextBlockNumber' })
export const nextIndex = (network: RunningNetwork) =>
  network.l1.readContract({ ...oracleOf(network), functionName: 'nextOutputIndex' })

export async function provenRoot(network: RunningNetwork, hash: Hash): Promise<Hash> {
  const call = { ...portalOf(network), functionName: 'provenWithdrawals', args: [hash] } as const
  return (await network.l1.readContract(call))[0]
}

/** Begins a withdrawal to a new account, whose balance then tells how often it was paid. */
export async function withdraw(
  network: RunningNetwork,
  user: User,
  amount: bigint,
): Promise<{ withdrawal: Withdrawal; to: Address }> {
  const to = privateKeyToAccount(generatePrivateKey()).address
  const receipt = await network.send(user, 'l2', withdrawEtherCall({ amount, to }))
  const [withdrawal] = withdrawalsOf(receipt)
  assert.ok(withdrawal)
  return { withdrawal, to }
}

export type WrongOutput = { root: Hash; parts: OutputParts; nodes: readonly Hex[] }

/** The true message passer of a block under a state root that is none: withdrawals could be proven on it. */
export async function wrongOutput(
  { l2 }: Pick<RunningNetwork, 'l2'>,
  number: bigint,
  withdrawal?: Withdrawal,
): Promise<WrongOutput> {
  const [block, passer] = await Promise.all([
    l2.getBlock({ blockNumber: number }),
    l2.getProof({
      address: predeploys.L2ToL1MessagePasser,
      storageKeys: withdrawal === undefined ? [] : [withdrawalSlot(withdrawal.hash)],
      blockNumber: number,
    }),
  ])
  const parts = {
    stateRoot: keccak256(toHex('no state')),
    storageHash: passer.storageHash,
    blockHash: block.hash,
  }
  return { root: outputRoot(outputRootProof(parts)), parts, nodes: passer.storageProof[0]?.proof ?? [] }
}

/** Proposes a wrong root with the operator's key, and proves a withdrawal on it in the same block of L1. */
export async function proposeAndProve(
  network: RunningNetwork,
  { withdrawal, number, user }: { withdrawal: Withdrawal; number: bigint; user: User },
): Promise<{ wrong: WrongOutput; index: bigint }> {
  const { manifest, l1, box } = network
  const wrong = await wrongOutput(network, number, withdrawal)
  const index = await nextIndex(network)
  const { proposer } = await readKeys(`${box.state}/keys.json`)
  const wallet = createWalletClient({
    account: proposer,
    chain: l1Chain(manifest),
    transport: http(manifest.l1.rpcUrl),
  })
  const head = await l1.getBlock()
  const call = proposeOutputCall({
    manifest,
    root: wrong.root,
    l2BlockNumber: number,
    l1Block: { hash: head.hash, number: head.number },
    bond: 0n,
  })
  const fees = (tip: string) => ({
    maxFeePerGas: parseGwei('200'),
    maxPriorityFeePerGas: parseGwei(tip),
  })
  const proposed = await wallet.sendTransaction({ ...call, gas: 400_000n, ...fees('100') })
  const proof = proveCall(
    manifest.l1.contracts.OptimismPortal,
    index,
    proveArguments(withdrawal, wrong.parts, wrong.nodes),
  )
  const proven = await user.l1.sendTransaction({ ...proof, gas: 800_000n, ...fees('1') })
  for (const hash of [proposed, proven])
    assert.equal((await mined(network, 'l1', hash)).status, 'success', 'the wrong output and the proof on it')
  assert.equal(await provenRoot(network, withdrawal.hash), wrong.root)
  return { wrong, index }
}

/** What the watcher said of a wrong root. */
export function incidentOf(watcher: string, root: Hash, seconds: number): Promise<Incident> {
  return eventually(
    async () => {
      const { incidents } = (await (await fetch(`${watcher}/v1/status`)).json()) as { incidents: Incident[] }
      return incidents.find((incident) => incident.root === root)
    },
    `the watcher on ${root}`,
    seconds,
  )
}

export async function canFinalise(
  { l1, manifest }: RunningNetwork,
  withdrawal: Withdrawal,
): Promise<boolean> {
  const call = finaliseCall(manifest.l1.contracts.OptimismPortal, withdrawal)
  return l1.call({ account: withdrawal.target, ...call }).then(
    () => true,
    () => false,
  )
}

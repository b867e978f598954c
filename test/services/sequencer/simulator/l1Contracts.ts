import {
  type Abi,
  type Address,
  concatHex,
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionResult,
  fromRlp,
  type Hash,
  type Hex,
  keccak256,
  multicall3Abi,
  toHex,
} from 'viem'
import { outputProposer } from '../../../../chain/generated/abi.ts'
import { opConstants } from '../../../../chain/generated/addresses.ts'
import {
  l1CrossDomainMessengerAbi,
  l1StandardBridgeAbi,
  l2OutputOracleAbi,
  optimismPortalAbi,
  systemConfigAbi,
} from '../../../../chain/generated/opAbi.ts'
import { BrokenPromiseError, RevertError, UnknownToModelError } from './errors.ts'
import {
  bystander,
  hashOf,
  keyOf,
  l1,
  l2Messenger,
  periodSeconds,
  same,
  submissionInterval,
} from './places.ts'

// What L1's contracts hold and do, as far as the service can tell. Written from the contracts' words, not from the service's code.

export type Output = { root: Hash; timestamp: bigint; l2Block: bigint }
export type L1State = {
  nonces: Map<Address, number>
  outputs: Output[]
  proven: Map<Hash, { root: Hash; timestamp: bigint; index: bigint }>
  finalised: Map<Hash, boolean>
  relayed: Set<Hash>
  failed: Set<Hash>
  /** Wei that the portal holds, and tokens that the bridge holds. */
  portalWei: bigint
  locked: bigint
  isPaused: boolean
  /** Contracts that revert whatever is sent to them. */
  reverting: Set<Address>
}

export const emptyL1 = (): L1State => ({
  nonces: new Map(),
  outputs: [],
  proven: new Map(),
  finalised: new Map(),
  relayed: new Set(),
  failed: new Set(),
  portalWei: 0n,
  locked: 0n,
  isPaused: false,
  reverting: new Set(),
})

export const copyL1 = (state: L1State): L1State => ({
  nonces: new Map(state.nonces),
  outputs: [...state.outputs],
  proven: new Map(state.proven),
  finalised: new Map(state.finalised),
  relayed: new Set(state.relayed),
  failed: new Set(state.failed),
  portalWei: state.portalWei,
  locked: state.locked,
  isPaused: state.isPaused,
  reverting: new Set(state.reverting),
})

export type RawLog = { address: Address; topics: Hex[]; data: Hex }
export type Environment = {
  from: Address
  origin: Address
  timestamp: bigint
  blockHash: (number: bigint) => Hash | undefined
  /** Whether L2's message passer held this withdrawal when its storage had this root. */
  passerHeld: (storageRoot: Hash, withdrawal: Hash) => boolean
  emit: (log: RawLog) => void
  /** Whether it is a transaction in a block, and no question to a node. */
  isMined: boolean
}

export const blockGas = 30_000_000n

type Call = { to: Address; data: Hex }
type Answer = { result: Hex; gas: bigint }
type Contract = (state: L1State, call: Call, environment: Environment) => Answer

/** Runs one call, or throws RevertError; the state is then worth nothing. */
export function callL1(state: L1State, call: Call, environment: Environment): Answer {
  const contract = contracts.get(call.to.toLowerCase())
  if (contract === undefined) throw new UnknownToModelError(`an L1 contract at ${call.to}`)
  return contract(state, call, environment)
}

function decoded<const abi extends Abi>(abi: abi, { data, to }: Call) {
  try {
    return decodeFunctionData({ abi, data })
  } catch {
    throw new UnknownToModelError(`the call ${data.slice(0, 10)} to ${to}`)
  }
}

function answer(abi: Abi, functionName: string, result: unknown, gas = 30_000n): Answer {
  return { result: encodeFunctionResult({ abi, functionName, result }), gas }
}

function required(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new RevertError(reason)
}

/* PORTAL */

type Transaction = {
  nonce: bigint
  sender: Address
  target: Address
  value: bigint
  gasLimit: bigint
  data: Hex
}

const transactionTypes = [
  { type: 'uint256' },
  { type: 'address' },
  { type: 'address' },
  { type: 'uint256' },
  { type: 'uint256' },
  { type: 'bytes' },
] as const

export function hashOfWithdrawal({ nonce, sender, target, value, gasLimit, data }: Transaction): Hash {
  return keccak256(encodeAbiParameters(transactionTypes, [nonce, sender, target, value, gasLimit, data]))
}

const portal: Contract = (state, call, environment) => {
  const { functionName, args } = decoded(optimismPortalAbi, call)
  switch (functionName) {
    case 'provenWithdrawals': {
      const { root, timestamp, index } = state.proven.get(args[0]) ?? none
      return answer(optimismPortalAbi, functionName, [root, timestamp, index])
    }
    case 'finalizedWithdrawals':
      return answer(optimismPortalAbi, functionName, state.finalised.has(args[0]))
    case 'paused':
      return answer(optimismPortalAbi, functionName, state.isPaused)
    case 'proveWithdrawalTransaction':
      return prove(state, args, environment)
    case 'finalizeWithdrawalTransaction':
      return finalise(state, args[0], environment)
    default:
      throw new UnknownToModelError(`the portal's ${functionName}`)
  }
}

const none = { root: toHex(0n, { size: 32 }), timestamp: 0n, index: 0n }

type ProveArguments = readonly [
  Transaction,
  bigint,
  { version: Hex; stateRoot: Hex; messagePasserStorageRoot: Hex; latestBlockhash: Hex },
  readonly Hex[],
]

function prove(
  state: L1State,
  [transaction, index, parts, proof]: ProveArguments,
  environment: Environment,
): Answer {
  required(!state.isPaused, 'OptimismPortal: paused')
  required(
    !same(transaction.target, l1.OptimismPortal),
    'OptimismPortal: you cannot send messages to the portal contract',
  )
  const output = state.outputs[Number(index)]
  required(output !== undefined, 'panic: array out of bounds')
  const { version, stateRoot, messagePasserStorageRoot, latestBlockhash } = parts
  const root = keccak256(concatHex([version, stateRoot, messagePasserStorageRoot, latestBlockhash]))
  required(root === output.root, 'OptimismPortal: invalid output root proof')
  const hash = hashOfWithdrawal(transaction)
  const before = state.proven.get(hash)
  if (before !== undefined) {
    const old = state.outputs[Number(before.index)]
    required(old !== undefined, 'panic: array out of bounds')
    required(old.root !== before.root, 'OptimismPortal: withdrawal hash has already been proven')
  }
  const leaf = proof.at(-1)
  required(leaf !== undefined, 'MerkleTrie: empty proof')
  const [slot, storageRoot] = fromRlp(leaf, 'hex')
  const held =
    slot === keccak256(concatHex([hash, none.root])) &&
    storageRoot === messagePasserStorageRoot &&
    environment.passerHeld(messagePasserStorageRoot, hash)
  required(held, 'OptimismPortal: invalid withdrawal inclusion proof')
  state.proven.set(hash, { root, timestamp: environment.timestamp, index })
  const { sender, target } = transaction
  environment.emit(
    event(l1.OptimismPortal, optimismPortalAbi, 'WithdrawalProven', {
      withdrawalHash: hash,
      from: sender,
      to: target,
    }),
  )
  return { result: '0x', gas: 200_000n }
}

function finalise(state: L1State, transaction: Transaction, environment: Environment): Answer {
  required(!state.isPaused, 'OptimismPortal: paused')
  const hash = hashOfWithdrawal(transaction)
  const proven = state.proven.get(hash)
  required(proven !== undefined, 'OptimismPortal: withdrawal has not been proven yet')
  const { timestamp } = environment
  required(
    timestamp > proven.timestamp + periodSeconds,
    'OptimismPortal: proven withdrawal finalization period has not elapsed',
  )
  const output = state.outputs[Number(proven.index)]
  required(output !== undefined, 'panic: array out of bounds')
  required(
    output.root === proven.root,
    'OptimismPortal: output root proven is not the same as current output root',
  )
  required(
    timestamp > output.timestamp + periodSeconds,
    'OptimismPortal: output proposal finalization period has not elapsed',
  )
  required(!state.finalised.has(hash), 'OptimismPortal: withdrawal has already been finalized')

  const { target, value, data, sender, gasLimit } = transaction
  required(gasLimit <= blockGas, 'SafeCall: Not enough gas')
  const toMessenger = same(target, l1.L1CrossDomainMessenger)
  const isRelay = toMessenger && same(sender, l2Messenger)
  const success = isRelay || !(toMessenger || state.reverting.has(target.toLowerCase() as Address))
  if (!success) demandOthers(environment, `${hash} is finalised, and its call failed`)
  state.finalised.set(hash, success)
  if (success) state.portalWei -= value
  if (state.portalWei < 0n)
    throw new BrokenPromiseError('the portal pays what it holds', `${hash} takes ${value}`)
  if (isRelay) relay(state, data, environment)
  required(
    success || !same(environment.origin, opConstants.EstimationAddress),
    'OptimismPortal: withdrawal failed',
  )
  const data_ = encodeAbiParameters([{ type: 'bool' }], [success])
  const topics = encodeEventTopics({
    abi: optimismPortalAbi,
    eventName: 'WithdrawalFinalized',
    args: { withdrawalHash: hash },
  })
  environment.emit({ address: l1.OptimismPortal, topics: topics as Hex[], data: data_ })
  // More than usual has to be there for the call, whatever it takes of it.
  return { result: '0x', gas: gasLimit > 1_000_000n ? gasLimit : 180_000n }
}

/** What cannot be undone the service leaves alone as long as its effect fails. */
function demandOthers({ isMined, origin }: Environment, facts: string): void {
  if (isMined && same(origin, keyOf.sequencer))
    throw new BrokenPromiseError('the service spends no message without its effect', facts)
}

/* MESSENGER */

const messenger: Contract = (state, call, environment) => {
  const { functionName, args } = decoded(l1CrossDomainMessengerAbi, call)
  switch (functionName) {
    case 'successfulMessages':
      return answer(l1CrossDomainMessengerAbi, functionName, state.relayed.has(args[0]))
    case 'failedMessages':
      return answer(l1CrossDomainMessengerAbi, functionName, state.failed.has(args[0]))
    case 'relayMessage':
      required(state.failed.has(keccak256(call.data)), 'CrossDomainMessenger: message cannot be replayed')
      return relay(state, call.data, environment)
    default:
      throw new UnknownToModelError(`the messenger's ${functionName}`)
  }
}

/** `data` is a call of relayMessage, and its hash the name of the message. */
function relay(state: L1State, data: Hex, environment: Environment): Answer {
  const { origin, emit } = environment
  const name = keccak256(data)
  required(!state.relayed.has(name), 'CrossDomainMessenger: message has already been relayed')
  const { functionName, args } = decodeFunctionData({ abi: l1CrossDomainMessengerAbi, data })
  if (functionName !== 'relayMessage') throw new UnknownToModelError(`a message ${functionName}`)
  const receiver = receiverOf(args[5])
  if (state.reverting.has(receiver.to)) {
    required(!same(origin, opConstants.EstimationAddress), 'CrossDomainMessenger: failed to relay message')
    demandOthers(environment, `${name} is relayed, and its receiver reverts`)
    state.failed.add(name)
    emit(
      event(l1.L1CrossDomainMessenger, l1CrossDomainMessengerAbi, 'FailedRelayedMessage', { msgHash: name }),
    )
    return { result: '0x', gas: 150_000n }
  }
  state.relayed.add(name)
  if (receiver.isToken) state.locked -= receiver.amount
  if (state.locked < 0n) throw new BrokenPromiseError('the bridge pays what it holds', name)
  emit(event(l1.L1CrossDomainMessenger, l1CrossDomainMessengerAbi, 'RelayedMessage', { msgHash: name }))
  return { result: '0x', gas: 150_000n }
}

function receiverOf(message: Hex): { to: Address; amount: bigint; isToken: boolean } {
  const { functionName, args } = decodeFunctionData({ abi: l1StandardBridgeAbi, data: message })
  // Safe for both: the name says which arguments follow.
  if (functionName === 'finalizeBridgeERC20') {
    return { to: args[3].toLowerCase() as Address, amount: args[4], isToken: true }
  }
  if (functionName === 'finalizeBridgeETH') {
    return { to: args[1].toLowerCase() as Address, amount: args[2], isToken: false }
  }
  throw new UnknownToModelError(`a bridge message ${functionName}`)
}

/* OUTPUTS */

const oracle: Contract = (state, call) => {
  const { functionName, args } = decoded(l2OutputOracleAbi, call)
  const give = (result: unknown) => answer(l2OutputOracleAbi, functionName, result)
  const { outputs } = state
  const latest = outputs.at(-1)?.l2Block ?? 0n
  switch (functionName) {
    case 'nextOutputIndex':
      return give(BigInt(outputs.length))
    case 'nextBlockNumber':
      return give(latest + submissionInterval)
    case 'latestBlockNumber':
      return give(latest)
    case 'FINALIZATION_PERIOD_SECONDS':
      return give(periodSeconds)
    case 'getL2Output': {
      const output = outputs[Number(args[0])]
      required(output !== undefined, 'panic: array out of bounds')
      return give({ outputRoot: output.root, timestamp: output.timestamp, l2BlockNumber: output.l2Block })
    }
    case 'getL2OutputIndexAfter': {
      const index = outputs.findIndex(({ l2Block }) => l2Block >= args[0])
      required(index >= 0, 'L2OutputOracle: cannot get output for a block that has not been proposed')
      return give(BigInt(index))
    }
    default:
      throw new UnknownToModelError(`the oracle's ${functionName}`)
  }
}

const proposer: Contract = (state, call, { from, timestamp, blockHash }) => {
  const { functionName, args } = decoded(outputProposer.abi, call)
  if (functionName !== 'proposeL2Output') throw new UnknownToModelError(`the proposer's ${functionName}`)
  const [root, l2Block, bound, boundNumber] = args
  required(same(from, keyOf.proposer), 'not the operator')
  required(
    l2Block === (state.outputs.at(-1)?.l2Block ?? 0n) + submissionInterval,
    'L2OutputOracle: block number must be equal to next expected block number',
  )
  required(
    blockHash(boundNumber) === bound,
    'L2OutputOracle: block hash does not match the hash at the expected height',
  )
  state.outputs.push({ root, l2Block, timestamp })
  return { result: '0x', gas: 120_000n }
}

/* THE REST */

const bridge: Contract = (state, call) => {
  const { functionName } = decoded(l1StandardBridgeAbi, call)
  if (functionName !== 'deposits') throw new UnknownToModelError(`the bridge's ${functionName}`)
  return answer(l1StandardBridgeAbi, functionName, state.locked)
}

const systemConfig: Contract = (_state, call) => {
  const { functionName } = decoded(systemConfigAbi, call)
  if (functionName !== 'batcherHash') throw new UnknownToModelError(`SystemConfig's ${functionName}`)
  return answer(systemConfigAbi, functionName, hashOf('batcher'))
}

const multicall: Contract = (state, call, environment) => {
  const { functionName, args } = decoded(multicall3Abi, call)
  if (functionName !== 'aggregate3') throw new UnknownToModelError(`Multicall3's ${functionName}`)
  let gas = 30_000n
  const results = args[0].map(({ target, allowFailure, callData }) => {
    const before = copyL1(state)
    try {
      const inner = callL1(state, { to: target, data: callData }, { ...environment, from: l1.Multicall3 })
      gas += inner.gas
      return { success: true, returnData: inner.result }
    } catch (error) {
      if (!(error instanceof RevertError) || !allowFailure) throw error
      Object.assign(state, before)
      return { success: false, returnData: '0x' as const }
    }
  })
  return answer(multicall3Abi, functionName, results, gas)
}

const account: Contract = () => ({ result: '0x', gas: 21_000n })

const contracts = new Map<string, Contract>(
  (
    [
      [l1.OptimismPortal, portal],
      [l1.L1CrossDomainMessenger, messenger],
      [l1.L2OutputOracle, oracle],
      [l1.OutputProposer, proposer],
      [l1.L1StandardBridge, bridge],
      [l1.SystemConfig, systemConfig],
      [l1.Multicall3, multicall],
      [bystander, account],
      // What a key sends to itself takes a nonce's place.
      [keyOf.sequencer, account],
      [keyOf.proposer, account],
    ] satisfies [Address, Contract][]
  ).map(([address, contract]) => [address.toLowerCase(), contract]),
)

function event(address: Address, abi: Abi, eventName: string, args: Record<string, unknown>): RawLog {
  // Safe: every event that comes this way has only indexed arguments.
  return { address, topics: encodeEventTopics({ abi, eventName, args }) as Hex[], data: '0x' }
}

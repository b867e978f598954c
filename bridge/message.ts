import {
  type AbiFunction,
  type AbiParameter,
  type Address,
  concatHex,
  decodeAbiParameters,
  encodeAbiParameters,
  getAbiItem,
  type Hash,
  type Hex,
  isAddressEqual,
  slice,
  toFunctionSelector,
  toHex,
} from 'viem'
import { opConstants, predeploys } from '../chain/generated/addresses.ts'
import { l1StandardBridgeAbi, l2CrossDomainMessengerAbi } from '../chain/generated/opAbi.ts'
import { keccak256 } from '../chain/keccak.ts'

/** What a bridge message does for its users. */
export type Effect =
  | { kind: 'ether'; from: Address; to: Address; amount: bigint }
  | {
      kind: 'erc20'
      /** The token on the side where the message arrives. */
      localToken: Address
      remoteToken: Address
      from: Address
      to: Address
      amount: bigint
    }
  | { kind: 'call'; target: Address }

/** A message between the messengers: what `relayMessage` takes. */
export type Relay = {
  nonce: bigint
  sender: Address
  target: Address
  value: bigint
  minGasLimit: bigint
  message: Hex
}

const relayMessage = functionOf(getAbiItem({ abi: l2CrossDomainMessengerAbi, name: 'relayMessage' }))
const finalizeBridgeErc20 = functionOf(getAbiItem({ abi: l1StandardBridgeAbi, name: 'finalizeBridgeERC20' }))
const finalizeBridgeEther = functionOf(getAbiItem({ abi: l1StandardBridgeAbi, name: 'finalizeBridgeETH' }))

/** The messenger's message inside a deposit's or a withdrawal's call data, or undefined when it is a plain one. */
export function relayOf(data: Hex): Relay | undefined {
  const call = argumentsOf(relayMessage, data)
  if (call === undefined) return undefined
  const [nonce, sender, target, value, minGasLimit, message] = call
  return { nonce, sender, target, value, minGasLimit, message }
}

/** The name under which both messengers keep a message's outcome. */
export function relayHash({ nonce, sender, target, value, minGasLimit, message }: Relay): Hash {
  const { selector, inputs } = relayMessage
  const words = encodeAbiParameters(inputs, [nonce, sender, target, value, minGasLimit, message])
  return keccak256(concatHex([selector, words]))
}

/** Between whom messages of one direction pass. */
export type Ends = {
  /** Both on the side where a message arrives. */
  messenger: Address
  bridge: Address
  /** Both as the side where a message arrives sees them. */
  otherMessenger: Address
  otherBridge: Address
}

type L1Ends = { L1CrossDomainMessenger: Address; L1StandardBridge: Address }

export function depositEnds({ L1CrossDomainMessenger, L1StandardBridge }: L1Ends): Ends {
  return {
    messenger: predeploys.L2CrossDomainMessenger,
    bridge: predeploys.L2StandardBridge,
    otherMessenger: aliased(L1CrossDomainMessenger),
    otherBridge: L1StandardBridge,
  }
}

export function withdrawalEnds({ L1CrossDomainMessenger, L1StandardBridge }: L1Ends): Ends {
  return {
    messenger: L1CrossDomainMessenger,
    bridge: L1StandardBridge,
    otherMessenger: predeploys.L2CrossDomainMessenger,
    otherBridge: predeploys.L2StandardBridge,
  }
}

/** The sender that L2 sees for a contract of L1. */
function aliased(contract: Address): Address {
  return toHex(BigInt.asUintN(160, BigInt(contract) + BigInt(opConstants.AliasOffset)), { size: 20 })
}

/** What passes from one chain to the other. */
export type Passed = { to?: Address | undefined; from: Address; data: Hex }

/** The message between the messengers that this is, or undefined where it only looks like one, or is a plain message. */
export function relayIn({ to, from, data }: Passed, { messenger, otherMessenger }: Ends): Relay | undefined {
  if (to === undefined || !isAddressEqual(to, messenger)) return undefined
  return isAddressEqual(from, otherMessenger) ? relayOf(data) : undefined
}

/**
 * Says what a message carries. Anybody may send the messenger or the bridge the same words: they carry a token only where they come
 * from their counterparts on the other side.
 */
export function effectOf(passed: Passed & { value: bigint }, ends: Ends): Effect {
  const { to, from, value } = passed
  if (to === undefined) return { kind: 'call', target: from }
  const relay = relayIn(passed, ends)
  if (relay === undefined) {
    return value > 0n ? { kind: 'ether', from, to, amount: value } : { kind: 'call', target: to }
  }
  const isTransfer =
    isAddressEqual(relay.target, ends.bridge) && isAddressEqual(relay.sender, ends.otherBridge)
  if (!isTransfer) return { kind: 'call', target: relay.target }
  return bridgeEffect(relay) ?? { kind: 'call', target: relay.target }
}

function bridgeEffect({ message }: Relay): Effect | undefined {
  const token = argumentsOf(finalizeBridgeErc20, message)
  if (token !== undefined) {
    const [localToken, remoteToken, from, to, amount] = token
    return { kind: 'erc20', localToken, remoteToken, from, to, amount }
  }
  const ether = argumentsOf(finalizeBridgeEther, message)
  if (ether === undefined) return undefined
  const [from, to, amount] = ether
  return { kind: 'ether', from, to, amount }
}

type Inputs = readonly AbiParameter[]
type Function<Of extends Inputs> = { selector: Hex; inputs: Of }

/** Its selector is hashed once: viem hashes those of a whole ABI for each call that it reads. */
function functionOf<Of extends Inputs>(item: AbiFunction & { inputs: Of }): Function<Of> {
  return { selector: toFunctionSelector(item), inputs: item.inputs }
}

function argumentsOf<Of extends Inputs>({ selector, inputs }: Function<Of>, data: Hex) {
  if (!data.startsWith(selector)) return undefined
  try {
    return decodeAbiParameters(inputs, slice(data, 4))
  } catch {
    // Anybody may send any bytes: data that is no call of this contract is an ordinary message.
    return undefined
  }
}

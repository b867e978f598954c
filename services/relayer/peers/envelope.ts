import {
  type Address,
  type Hash,
  type Hex,
  hashTypedData,
  isAddress,
  isAddressEqual,
  isHex,
  keccak256,
  type LocalAccount,
  recoverTypedDataAddress,
  size,
  toHex,
} from 'viem'

/*
 * Who says what to whom, as EIP-712. A request is bound to its receiver, so that it is worth nothing elsewhere, and to the chain's
 * time, so that it soon is worth nothing at all; an answer is bound to its request. The domain has a name of its own: none of
 * these signatures can be taken for one of a report.
 */

export type EnvelopeDomain = { chainId: number; rewardIndex: Address }

export type RequestEnvelope = {
  from: Address
  to: Address
  path: string
  /** Of the latest block that the sender has seen, seconds. */
  time: number
  nonce: Hash
  body: string
}

export type AnswerEnvelope = { request: Hash; status: number; body: string }

const types = {
  Request: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'path', type: 'string' },
    { name: 'time', type: 'uint64' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'bodyHash', type: 'bytes32' },
  ],
  Answer: [
    { name: 'request', type: 'bytes32' },
    { name: 'status', type: 'uint16' },
    { name: 'bodyHash', type: 'bytes32' },
  ],
} as const

const domainOf = ({ chainId, rewardIndex }: EnvelopeDomain) => ({
  name: 'Hashsand node',
  version: '1',
  chainId,
  verifyingContract: rewardIndex,
})

const bodyHashOf = (body: string): Hash => keccak256(toHex(body))

function requestData({ body, time, ...envelope }: RequestEnvelope, domain: EnvelopeDomain) {
  return {
    domain: domainOf(domain),
    types: { Request: types.Request },
    primaryType: 'Request' as const,
    message: { ...envelope, time: BigInt(time), bodyHash: bodyHashOf(body) },
  }
}

function answerData({ body, ...envelope }: AnswerEnvelope, domain: EnvelopeDomain) {
  return {
    domain: domainOf(domain),
    types: { Answer: types.Answer },
    primaryType: 'Answer' as const,
    message: { ...envelope, bodyHash: bodyHashOf(body) },
  }
}

export const requestHash = (envelope: RequestEnvelope, domain: EnvelopeDomain): Hash =>
  hashTypedData(requestData(envelope, domain))

export const signRequest = (account: LocalAccount, envelope: RequestEnvelope, domain: EnvelopeDomain) =>
  account.signTypedData(requestData(envelope, domain))

export const signAnswer = (account: LocalAccount, envelope: AnswerEnvelope, domain: EnvelopeDomain) =>
  account.signTypedData(answerData(envelope, domain))

export function isRequestOf(envelope: RequestEnvelope, signature: Hex, domain: EnvelopeDomain) {
  return isBy(envelope.from, recoverTypedDataAddress({ ...requestData(envelope, domain), signature }))
}

export function isAnswerOf(node: Address, envelope: AnswerEnvelope, signature: Hex, domain: EnvelopeDomain) {
  return isBy(node, recoverTypedDataAddress({ ...answerData(envelope, domain), signature }))
}

/** Bytes that are no signature recover to nobody. */
export async function isBy(signer: Address, recovering: Promise<Address>): Promise<boolean> {
  const recovered = await recovering.catch(() => undefined)
  return recovered !== undefined && isAddressEqual(recovered, signer)
}

export const headerNames = {
  from: 'x-hashsand-from',
  time: 'x-hashsand-time',
  nonce: 'x-hashsand-nonce',
  signature: 'x-hashsand-signature',
} as const

export type RequestHeaders = { from: Address; time: number; nonce: Hash; signature: Hex }

/** Undefined where a header is absent or not of its form. */
export function readHeaders(header: (name: string) => string | undefined): RequestHeaders | undefined {
  const [from, time, nonce, signature] = [
    header(headerNames.from),
    header(headerNames.time),
    header(headerNames.nonce),
    header(headerNames.signature),
  ]
  if (from === undefined || !isAddress(from, { strict: false })) return undefined
  if (time === undefined || !/^\d{1,12}$/.test(time)) return undefined
  if (!isHex(nonce) || size(nonce) !== 32) return undefined
  if (!isHex(signature) || size(signature) !== 65) return undefined
  return { from, time: Number(time), nonce, signature }
}

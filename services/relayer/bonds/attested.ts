import {
  type Address,
  decodeFunctionData,
  type Hex,
  isAddressEqual,
  type PublicClient,
  recoverTypedDataAddress,
  size,
  slice,
} from 'viem'
import { rewardIndex } from '../../../chain/generated/abi.ts'
import { type ReportDomain, reportDigest, reportTypedData } from '../../../oracle/report.ts'
import type { Heard } from '../store.ts'
import { blockAt } from './blockAt.ts'
import { eventsBetween } from './eventsBetween.ts'

const signatureLength = 65

export type AttestedParameters = {
  client: PublicClient
  domain: ReportDomain
  network: number
  day: number
  /** Times of L2, seconds: the end of the day and its proof, after which nothing can be attested. */
  from: number
  until: number
}

/**
 * What a quorum signed of a day on chain, taken from the calls that brought it there. A call that came through another contract, or under
 * another signer set than the present one, is passed over.
 */
export async function attestedOnChain(parameters: AttestedParameters): Promise<Heard[]> {
  const { client, domain, network, day } = parameters
  const fromBlock = await blockAt(client, parameters.from)
  // Blocks of one second may be several where a node makes one for each transaction.
  const toBlock = await blockAt(client, parameters.until + 1)
  const address = domain.rewardIndex
  const events = await eventsBetween(fromBlock, toBlock, (range) =>
    client.getContractEvents({
      ...{ address, abi: rewardIndex.abi, eventName: 'DayAttested', args: { network, day } },
      ...{ ...range, strict: true },
    }),
  )
  const calls = await Promise.all(
    events.map(({ transactionHash }) => client.getTransaction({ hash: transactionHash })),
  )
  const signed = await Promise.all(calls.map(({ to, input }) => signedIn(to, input, domain)))
  return signed.flat()
}

async function signedIn(to: Address | null, input: Hex, domain: ReportDomain): Promise<Heard[]> {
  if (to === null || !isAddressEqual(to, domain.rewardIndex)) return []
  const { functionName, args } = decodeFunctionData({ abi: rewardIndex.abi, data: input })
  if (functionName !== 'attest') return []
  const [report, signatures] = args
  const { configDigest } = domain
  const digest = reportDigest(report, domain)
  return Promise.all(
    Array.from({ length: size(signatures) / signatureLength }, async (_, at) => {
      const signature = slice(signatures, at * signatureLength, (at + 1) * signatureLength)
      const signer = await recoverTypedDataAddress({ ...reportTypedData(report, domain), signature })
      return { report, signature, signer, configDigest, digest }
    }),
  )
}

import { type Address, encodeFunctionData, isAddressEqual, type LocalAccount, type PublicClient } from 'viem'
import { rewardIndex } from '../../chain/generated/abi.ts'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import { encodeSignatures, type Report, reportDigest, reportOf } from '../../oracle/report.ts'
import type { Log } from '../runtime/log.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { gasWithMargin, type NetworkView } from './chain.ts'
import { TooFewSignersError } from './errors.ts'
import type { Journal } from './journal.ts'
import { sendOnce } from './sendOnce.ts'

/** Nobody has to agree with anybody yet: this process holds a quorum of keys, so the first round is the only one. */
const round = 1

export type AttestParameters = {
  chainId: number
  address: Address
  network: number
  view: NetworkView
  journal: Journal
  outbox: Outbox
  log: Log
}

/** Signs and submits days in order. They travel together: the queue of one key keeps their order. */
export async function attestDays(
  client: PublicClient,
  days: readonly DayTotals[],
  parameters: AttestParameters,
): Promise<void> {
  let gas: bigint | undefined
  const sent: Promise<void>[] = []
  for (const totals of days) {
    const report = reportOf(totals, { network: parameters.network, round })
    const signatures = await signatureBytes(report, parameters)
    // Only the first of them can be tried out before the others are there.
    gas ??= await gasWithMargin(client, {
      address: parameters.address,
      abi: rewardIndex.abi,
      functionName: 'attest',
      args: [report, signatures],
      account: parameters.outbox.address,
    })
    sent.push(submit(report, { ...parameters, signatures, gas }))
  }
  await allSettled(sent)
}

/** The accounts that the contract knows as signers; at least a quorum of them. */
export function signingAccounts(
  accounts: readonly LocalAccount[],
  { signers, quorum }: Pick<NetworkView, 'signers' | 'quorum'>,
  network: number,
): LocalAccount[] {
  const held = accounts.filter(({ address }) => signers.some((signer) => isAddressEqual(signer, address)))
  if (held.length < quorum) throw new TooFewSignersError(held.length, quorum, network)
  return held.slice(0, quorum)
}

async function signatureBytes(report: Report, { journal, view, ...rest }: AttestParameters) {
  return encodeSignatures(await journal.sign(report, domainOf({ view, ...rest })), view.quorum)
}

type SubmitParameters = AttestParameters & { signatures: `0x${string}`; gas: bigint }

async function submit(report: Report, { signatures, gas, ...parameters }: SubmitParameters): Promise<void> {
  const { address, network, outbox, log } = parameters
  const { day } = report
  // The digest belongs to the key: another signer set makes another transaction of the same report.
  const digest = reportDigest(report, domainOf(parameters))
  const hash = await sendOnce(outbox, {
    key: `attest/${network}/${day}/${round}/${digest}`,
    to: address,
    data: encodeFunctionData({ abi: rewardIndex.abi, functionName: 'attest', args: [report, signatures] }),
    gas,
  })
  log.info({ network, day, round, digest, hash }, 'relayer.day.attested')
}

const domainOf = ({ chainId, address, view }: Pick<AttestParameters, 'chainId' | 'address' | 'view'>) => ({
  chainId,
  rewardIndex: address,
  configDigest: view.configDigest,
})

/** Waits for all, then fails with the first failure: none is left unobserved. */
async function allSettled(sent: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(sent)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

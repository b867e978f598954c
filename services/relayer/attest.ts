import {
  type Address,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  type LocalAccount,
  type PublicClient,
} from 'viem'
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
  const signed: SignedReport[] = []
  for (const totals of days) {
    const report = reportOf(totals, { network: parameters.network, round })
    signed.push({ report, signatures: await signatureBytes(report, parameters) })
  }
  const [first] = signed
  if (first === undefined) return
  // Only the first of them can be tried out before the others are there.
  const gas = await gasWithMargin(client, {
    address: parameters.address,
    abi: rewardIndex.abi,
    functionName: 'attest',
    args: [first.report, first.signatures],
    account: parameters.outbox.address,
  })
  await allSettled(signed.map((each) => submit(each, { ...parameters, gas })))
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

async function signatureBytes(report: Report, parameters: AttestParameters): Promise<Hex> {
  const signatures = await parameters.journal.sign(report, domainOf(parameters))
  return encodeSignatures(signatures, parameters.view.quorum)
}

type SignedReport = { report: Report; signatures: Hex }

async function submit(
  { report, signatures }: SignedReport,
  parameters: AttestParameters & { gas: bigint },
): Promise<void> {
  const { address, network, outbox, log, gas } = parameters
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

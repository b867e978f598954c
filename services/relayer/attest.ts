import { type Address, encodeFunctionData, type PublicClient } from 'viem'
import { allDone } from '../../chain/allDone.ts'
import { rewardIndex } from '../../chain/generated/abi.ts'
import { encodeSignatures, type ReportDomain, reportDigest } from '../../oracle/report.ts'
import type { Log } from '../runtime/log.ts'
import type { Outbox } from '../runtime/outbox.ts'
import type { Ballot } from './ballots.ts'
import { gasWithMargin } from './chain.ts'
import { sendOnce } from './sendOnce.ts'

export type AttestParameters = {
  address: Address
  domain: ReportDomain
  quorum: number
  outbox: Outbox
  log: Log
}

/** Submits days that a quorum stands behind, in order. They travel together: the queue of one key keeps their order. */
export async function attestDays(
  client: PublicClient,
  ballots: readonly Ballot[],
  parameters: AttestParameters,
): Promise<void> {
  const [first] = ballots
  if (first === undefined) return
  // Only the first of them can be tried out before the others are there.
  const gas = await gasWithMargin(client, {
    address: parameters.address,
    abi: rewardIndex.abi,
    functionName: 'attest',
    args: [first.report, encodeSignatures(first.signatures, parameters.quorum)],
    account: parameters.outbox.address,
  })
  await allDone(ballots.map((ballot) => submit(ballot, { ...parameters, gas })))
}

async function submit(
  { report, signatures }: Ballot,
  { address, domain, quorum, outbox, log, gas }: AttestParameters & { gas: bigint },
): Promise<void> {
  const { network, day, round } = report
  // The digest belongs to the key: another signer set makes another transaction of the same report.
  const digest = reportDigest(report, domain)
  const args = [report, encodeSignatures(signatures, quorum)] as const
  const hash = await sendOnce(outbox, {
    key: `attest/${network}/${day}/${round}/${digest}`,
    to: address,
    data: encodeFunctionData({ abi: rewardIndex.abi, functionName: 'attest', args }),
    gas,
  })
  log.info({ network, day, round, digest, hash }, 'relayer.day.attested')
}

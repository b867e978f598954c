import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hash,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  type LocalAccount,
  zeroHash,
} from 'viem'
import type { DayTotals } from './dayTotals.ts'
import { ReportRangeError } from './errors.ts'

/** What the signers of a network say about one day: the `Report` of `IRewardIndex`. */
export type Report = {
  network: number
  day: number
  round: number
  lastHeight: number
  /** As explorers print it. */
  lastBlockHash: Hash
  work: bigint
  subsidy: bigint
  fees: bigint
  cappedFees: bigint
  medianFee: bigint
  poolRowsRoot: Hash
}

/** Where a report counts: signatures are worth nothing on another chain, contract or signer set. */
export type ReportDomain = { chainId: number; rewardIndex: Address; configDigest: Hash }

const fields = [
  { name: 'network', type: 'uint32' },
  { name: 'day', type: 'uint24' },
  { name: 'round', type: 'uint32' },
  { name: 'lastHeight', type: 'uint32' },
  { name: 'lastBlockHash', type: 'bytes32' },
  { name: 'work', type: 'uint256' },
  { name: 'subsidy', type: 'uint128' },
  { name: 'fees', type: 'uint128' },
  { name: 'cappedFees', type: 'uint128' },
  { name: 'medianFee', type: 'uint128' },
  { name: 'poolRowsRoot', type: 'bytes32' },
] as const

const reportTypes = { Report: [{ name: 'configDigest', type: 'bytes32' }, ...fields] } as const

/** The report of a day's totals. No pool rows are reported yet: their root is zero. */
export function reportOf(totals: DayTotals, { network, round }: { network: number; round: number }): Report {
  const { day, lastHeight, lastHash: lastBlockHash, work, subsidy, fees, cappedFees, medianFee } = totals
  for (const [field, value] of Object.entries({ subsidy, fees, cappedFees, medianFee })) {
    checkRange(field, value, 2n ** 128n - 1n)
  }
  checkRange('work', work, 2n ** 256n - 1n)
  return {
    ...{ network, day, round, lastHeight, lastBlockHash },
    ...{ work, subsidy, fees, cappedFees, medianFee },
    poolRowsRoot: zeroHash,
  }
}

export function reportTypedData(report: Report, { chainId, rewardIndex, configDigest }: ReportDomain) {
  return {
    domain: { name: 'Hashsand RewardIndex', version: '1', chainId, verifyingContract: rewardIndex },
    types: reportTypes,
    primaryType: 'Report' as const,
    message: { configDigest, ...report },
  }
}

/** What is signed: equal to the contract's `hashReport`. */
export function reportDigest(report: Report, domain: ReportDomain): Hash {
  return hashTypedData(reportTypedData(report, domain))
}

/** What is said, wherever it is signed. Two of these from one signer for the same network, day and round are an equivocation. */
export function statementHash(report: Report): Hash {
  return hashStruct({ data: report, types: { Report: fields }, primaryType: 'Report' })
}

export type ReportSignature = { signer: Address; signature: Hex }

/** Signs without any check. A node goes through its journal instead, which never signs two reports for one day and round. */
export async function signReport(
  account: LocalAccount,
  report: Report,
  domain: ReportDomain,
): Promise<ReportSignature> {
  return {
    signer: account.address,
    signature: await account.signTypedData(reportTypedData(report, domain)),
  }
}

/** The contract's form: 65 bytes each, ascending by the signer's address, no more than the quorum that is checked. */
export function encodeSignatures(signatures: readonly ReportSignature[], quorum: number): Hex {
  const number = ({ signer }: ReportSignature) => BigInt(signer)
  const ascending = [...signatures].sort((a, b) => (number(a) < number(b) ? -1 : 1))
  return concat(ascending.slice(0, quorum).map(({ signature }) => signature))
}

export type NetworkConfig = {
  network: number
  /** How many signer sets the network has had, the first one included. */
  configCount: number
  name: Hex
  unit: Hex
  /** The place in the contract's `NetworkClass`. */
  class: number
  unitWork: bigint
  prover: Address
  challenger: Address
  firstDay: number
  disputeSeconds: number
  faultTolerance: number
  signers: readonly Address[]
}

const configTypes = [
  { type: 'uint32' },
  { type: 'uint32' },
  {
    type: 'tuple',
    components: [
      { name: 'name', type: 'bytes32' },
      { name: 'unit', type: 'bytes32' },
      { name: 'class', type: 'uint8' },
      { name: 'unitWork', type: 'uint128' },
      { name: 'prover', type: 'address' },
      { name: 'challenger', type: 'address' },
      { name: 'firstDay', type: 'uint24' },
      { name: 'disputeSeconds', type: 'uint32' },
      { name: 'faultTolerance', type: 'uint8' },
      { name: 'signers', type: 'address[]' },
    ],
  },
] as const

/** Equal to the contract's `configDigest`. */
export function configDigestOf({ network, configCount, ...config }: NetworkConfig): Hash {
  const signers = [...config.signers].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  return keccak256(encodeAbiParameters(configTypes, [network, configCount, { ...config, signers }]))
}

function checkRange(field: string, value: bigint, limit: bigint): void {
  if (value < 0n || value > limit) throw new ReportRangeError(field, value, limit)
}

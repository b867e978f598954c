import { type Address, encodeAbiParameters, type Hash, type Hex, keccak256, type PublicClient } from 'viem'
import { bitcoinRelay, rewardIndex, signerBonds } from '../../../chain/generated/abi.ts'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import type { Report } from '../../../oracle/report.ts'

/** As in `ISignerBonds`. */
export const accusationStates = { none: 0, open: 1, refuted: 2, upheld: 3 } as const

export type Accusation = { state: number; deadline: number; accuser: Address }

/** A day as it is proven: `Totals` of `IProvenDays`. */
export type ProvenTotals = Omit<Report, 'network' | 'day' | 'round' | 'poolRowsRoot'>

/** What SignerBonds, the index and its prover say. */
export type BondsView = {
  bondOf(signer: Address): Promise<bigint>
  openAccusationsOf(signer: Address): Promise<bigint>
  accusation(id: Hash): Promise<Accusation>
  lastProvenDay(): Promise<number>
  /** Zero for a day that is not proven. */
  statementOf(day: number): Promise<Hash>
  /** Seconds; 0 for a day that is not proven. */
  provenAt(day: number): Promise<number>
  isBuried(blockHash: Hash, headers: Hex, day: number): Promise<boolean>
}

export type BondsContracts = { bonds: Address; rewardIndex: Address; network: number }

export function readBonds(
  client: PublicClient,
  { bonds, rewardIndex: index, network }: BondsContracts,
): BondsView {
  const contract = { address: bonds, abi: signerBonds.abi } as const
  const indexContract = { address: index, abi: rewardIndex.abi } as const
  const prover = async () =>
    (await client.readContract({ ...indexContract, functionName: 'networkOf', args: [network] })).prover
  return {
    bondOf: (signer) => client.readContract({ ...contract, functionName: 'bondOf', args: [signer] }),
    openAccusationsOf: (signer) =>
      client.readContract({ ...contract, functionName: 'openAccusationsOf', args: [signer] }),
    accusation: async (id) => {
      const facts = await client.readContract({ ...contract, functionName: 'accusationOf', args: [id] })
      return { state: facts.state, deadline: Number(facts.deadline), accuser: facts.accuser }
    },
    lastProvenDay: () =>
      client.readContract({ ...indexContract, functionName: 'lastProvenDay', args: [network] }),
    statementOf: (day) =>
      client.readContract({ ...indexContract, functionName: 'statementOf', args: [network, day] }),
    provenAt: async (day) =>
      (await client.readContract({ ...indexContract, functionName: 'dayOf', args: [network, day] })).provenAt,
    isBuried: async (blockHash, headers, day) =>
      client.readContract({
        ...{ address: await prover(), abi: bitcoinRelay.abi, functionName: 'isBuried' },
        args: [blockHash, headers, day],
      }),
  }
}

export function provenTotalsOf(totals: DayTotals): ProvenTotals {
  const { lastHeight, lastHash, work, subsidy, fees, cappedFees, medianFee } = totals
  return { lastHeight, lastBlockHash: lastHash, work, subsidy, fees, cappedFees, medianFee }
}

/** What the index keeps of a proven day. Of a report: what it says, without round and rows. */
export function provenStatement(totals: ProvenTotals): Hash {
  const { lastHeight, lastBlockHash, work, subsidy, fees, cappedFees, medianFee } = totals
  const types = ['uint32', 'bytes32', 'uint256', 'uint128', 'uint128', 'uint128', 'uint128'] as const
  return keccak256(
    encodeAbiParameters(
      types.map((type) => ({ type })),
      [lastHeight, lastBlockHash, work, subsidy, fees, cappedFees, medianFee],
    ),
  )
}

/** The id of an accusation: one for each signer, network, day and block. */
export function accusationId(
  signer: Address,
  { network, day, lastBlockHash }: Pick<Report, 'network' | 'day' | 'lastBlockHash'>,
): Hash {
  const types = [{ type: 'address' }, { type: 'uint32' }, { type: 'uint24' }, { type: 'bytes32' }] as const
  return keccak256(encodeAbiParameters(types, [signer, network, day, lastBlockHash]))
}

import type { Address, Hash, PublicClient } from 'viem'
import { outputProposer } from '../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import type { Output } from './outputs.ts'

// Who proposes outputs, on which terms, and what becomes of the bonds. Reads L1 alone.

type Contracts = Pick<Manifest['l1']['contracts'], 'L2OutputOracle' | 'OutputProposer' | 'Multicall3'>
type OnL1 = { manifest: { l1: { contracts: Contracts } } }

/* BEFORE A PROPOSAL */

export type ProposalTerms = {
  /** The output that the oracle takes next, and nothing else. */
  index: bigint
  l2Block: bigint
  operator: Address
  bond: bigint
  bondSeconds: bigint
  finalizationPeriodSeconds: bigint
  /** L1 times. The operator's newest output that still stands, 0 if it was deleted. */
  operatorHeardAt: bigint
  /** From when on others are let in: the operator silent, the block old enough. */
  silentFrom: bigint
  oldEnoughFrom: bigint
  /** The block is due after this; until then the oracle takes its output from nobody. */
  dueAfter: bigint
}

/** The terms at one L1 block. */
export async function readProposalTerms(
  l1: PublicClient,
  { manifest, blockHash }: OnL1 & { blockHash: Hash },
): Promise<ProposalTerms> {
  const { L2OutputOracle, OutputProposer, Multicall3: multicallAddress } = manifest.l1.contracts
  const proposer = { address: OutputProposer, abi: outputProposer.abi } as const
  const oracle = { address: L2OutputOracle, abi: l2OutputOracleAbi } as const
  const all = { multicallAddress, allowFailure: false, blockHash, requireCanonical: true } as const
  const [index, l2Block, finalizationPeriodSeconds, operator, bond, bondSeconds, heardAt, silence, window] =
    await l1.multicall({
      ...all,
      contracts: [
        { ...oracle, functionName: 'nextOutputIndex' },
        { ...oracle, functionName: 'nextBlockNumber' },
        { ...oracle, functionName: 'FINALIZATION_PERIOD_SECONDS' },
        { ...proposer, functionName: 'OPERATOR' },
        { ...proposer, functionName: 'BOND' },
        { ...proposer, functionName: 'BOND_SECONDS' },
        { ...proposer, functionName: 'operatorHeardAt' },
        { ...proposer, functionName: 'SILENCE_SECONDS' },
        { ...proposer, functionName: 'WINDOW_SECONDS' },
      ],
    })
  const at = { blockHash, requireCanonical: true } as const
  const question = { ...oracle, ...at, functionName: 'computeL2Timestamp', args: [l2Block] } as const
  const dueAfter = await l1.readContract(question)
  return {
    ...{ index, l2Block, operator, bond, bondSeconds, finalizationPeriodSeconds, dueAfter },
    operatorHeardAt: heardAt,
    silentFrom: heardAt + silence,
    oldEnoughFrom: dueAfter + window,
  }
}

/** The first L1 time at which this account's proposal is taken. */
export function allowedFrom(terms: ProposalTerms, account: Address): bigint {
  const due = terms.dueAfter + 1n
  if (account === terms.operator) return due
  return [terms.silentFrom, terms.oldEnoughFrom].reduce((one, other) => (one > other ? one : other), due)
}

/* AFTER IT */

export type Proposal = {
  index: bigint
  l1Block: bigint
  transaction: Hash
  by: 'operator' | { proposer: Address; bondId: bigint }
}

/** Blocks of one question for logs: public nodes refuse more. */
const LOGS_AT_ONCE = 5_000n

type Blocks = { fromBlock: bigint; toBlock: bigint }

/** Who proposed these outputs, by index. Looks for their events in a range of L1 blocks that begins at or before the oldest. */
export async function readProposals(
  l1: PublicClient,
  { manifest, outputs, ...blocks }: OnL1 & Blocks & { outputs: readonly Output[] },
): Promise<Map<bigint, Proposal>> {
  const { L2OutputOracle, OutputProposer } = manifest.l1.contracts
  const proposals = new Map<bigint, Proposal>()
  await inParts(blocks, async (part) => {
    const [proposed, byOperator, bonds] = await Promise.all([
      l1.getContractEvents({
        address: L2OutputOracle,
        abi: l2OutputOracleAbi,
        eventName: 'OutputProposed',
        strict: true,
        ...part,
      }),
      l1.getContractEvents({
        address: OutputProposer,
        abi: outputProposer.abi,
        eventName: 'OperatorProposed',
        strict: true,
        ...part,
      }),
      l1.getContractEvents({
        address: OutputProposer,
        abi: outputProposer.abi,
        eventName: 'BondPosted',
        strict: true,
        ...part,
      }),
    ])
    const operators = new Set(
      byOperator.map(({ transactionHash, args }) => `${transactionHash}${args.l2BlockNumber}`),
    )
    for (const { args, blockNumber: l1Block, transactionHash: transaction } of proposed) {
      const output = outputs.find(({ index }) => index === args.l2OutputIndex)
      // An index is used again after a deletion: what was there before has another time.
      if (output === undefined || output.timestamp !== args.l1Timestamp || output.root !== args.outputRoot)
        continue
      const found = { index: output.index, l1Block, transaction }
      const bond = bonds.find(
        (event) => event.transactionHash === transaction && event.args.l2BlockNumber === output.l2Block,
      )
      if (bond !== undefined) {
        const { bondId, proposer } = bond.args
        proposals.set(output.index, { ...found, by: { proposer, bondId } })
      } else if (operators.has(`${transaction}${output.l2Block}`)) {
        proposals.set(output.index, { ...found, by: 'operator' })
      }
    }
  })
  return proposals
}

/** `settleable`: the verdict stands, and waits for anybody to call `settle`. */
export type BondState = 'open' | 'settleable' | 'returned' | 'lost'

export type Bond = {
  id: bigint
  proposer: Address
  l2Block: bigint
  root: Hash
  state: BondState
  /** Where the verdict stands: whether the bond goes back to the proposer. */
  isReturned?: boolean
  /** L1 time after which it goes back whatever happens; unknown of one that is settled. */
  deadline?: bigint
}

const verdicts = ['open', 'returned', 'forfeited'] as const

/** All bonds ever posted, oldest first. Those of one proposer, if one is given. */
export async function readBonds(
  l1: PublicClient,
  { manifest, proposer, ...blocks }: OnL1 & Blocks & { proposer?: Address | undefined },
): Promise<Bond[]> {
  const { OutputProposer: address, Multicall3: multicallAddress } = manifest.l1.contracts
  const contract = { address, abi: outputProposer.abi } as const
  const bonds: Bond[] = []
  await inParts(blocks, async (part) => {
    const args = proposer === undefined ? {} : { args: { proposer } }
    const [posted, settled] = await Promise.all([
      l1.getContractEvents({ ...contract, eventName: 'BondPosted', strict: true, ...args, ...part }),
      l1.getContractEvents({ ...contract, eventName: 'BondSettled', strict: true, ...part }),
    ])
    for (const { args: bond } of posted) {
      bonds.push({
        id: bond.bondId,
        proposer: bond.proposer,
        l2Block: bond.l2BlockNumber,
        root: bond.outputRoot,
        state: 'open',
      })
    }
    for (const { args: event } of settled) {
      const bond = bonds.find(({ id }) => id === event.bondId)
      if (bond === undefined) continue
      bond.isReturned = verdicts[event.verdict] === 'returned'
      bond.state = bond.isReturned ? 'returned' : 'lost'
    }
  })
  const open = bonds.filter(({ state }) => state === 'open')
  const ask = { ...contract, multicallAddress }
  const [found, said, bondSeconds] = await Promise.all([
    l1.multicall({
      multicallAddress,
      allowFailure: false,
      contracts: open.map(({ id }) => ({ ...contract, functionName: 'bondOf', args: [id] }) as const),
    }),
    l1.multicall({
      multicallAddress,
      allowFailure: false,
      contracts: open.map(({ id }) => ({ ...contract, functionName: 'verdictOf', args: [id] }) as const),
    }),
    l1.readContract({ ...ask, functionName: 'BOND_SECONDS' }),
  ])
  for (const [position, bond] of open.entries()) {
    const verdict = verdicts[said[position] ?? 0]
    bond.deadline = (found[position]?.proposedAt ?? 0n) + bondSeconds
    if (verdict === 'open' || verdict === undefined) continue
    bond.state = 'settleable'
    bond.isReturned = verdict === 'returned'
  }
  return bonds
}

/** The first L1 block of this time or later. Times of blocks grow, so it is a bisection. */
export async function l1BlockAt(
  l1: PublicClient,
  { time, upTo }: { time: bigint; upTo: bigint },
): Promise<bigint> {
  let [low, high] = [0n, upTo]
  while (low < high) {
    const middle = (low + high) / 2n
    const { timestamp } = await l1.getBlock({ blockNumber: middle })
    if (timestamp < time) low = middle + 1n
    else high = middle
  }
  return low
}

async function inParts({ fromBlock, toBlock }: Blocks, ask: (part: Blocks) => Promise<void>): Promise<void> {
  for (let from = fromBlock; from <= toBlock; from += LOGS_AT_ONCE) {
    const to = from + LOGS_AT_ONCE - 1n
    await ask({ fromBlock: from, toBlock: to < toBlock ? to : toBlock })
  }
}

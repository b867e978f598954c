import { type Address, type Hash, type Hex, isAddressEqual } from 'viem'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { statementHash } from '../../../oracle/report.ts'
import type { Log } from '../../runtime/log.ts'
import { CallRefusedError, TransactionRevertedError } from '../errors.ts'
import type { Node } from '../node.ts'
import type { Heard } from '../store.ts'
import { burialProofs } from './burial.ts'
import {
  accusationId,
  accusationStates,
  type BondsView,
  provenStatement,
  provenTotalsOf,
} from './contract.ts'
import type { SendBonds } from './send.ts'
import type { BurialStore } from './store.ts'

/** A bond is locked no longer after a day than this, so nothing older is worth a look. */
const lookBackDays = 40

export type DutyParameters = {
  view: BondsView
  nodes: readonly Pick<Node, 'account' | 'network' | 'store'>[]
  /** Who pays, and earns by accusing. */
  payer: Address
  totals: (day: number) => Promise<DayTotals | undefined>
  burials: Pick<BurialStore, 'find'>
  /** What was signed of a proven day in the calls that attested it: a quorum of liars needs to tell no peer. */
  attested: (day: number) => Promise<readonly Heard[]>
  /** The chain's time, seconds. */
  chainTime: () => number
  /** The newest day that may have been signed. */
  newestDay: () => number
  send: SendBonds
  log: Log
}

/**
 * Shows what was signed twice or wrongly, and defends what this process's own nodes signed in good faith. Answers how many accusations of
 * theirs it could not refute.
 */
export async function keepBonds(parameters: DutyParameters): Promise<number> {
  const last = parameters.newestDay()
  const days = Array.from({ length: lookBackDays }, (_, offset) => last - offset).filter((day) => day > 0)
  const proven = await parameters.view.lastProvenDay()
  let left = 0
  for (const node of parameters.nodes) {
    left += await defend(parameters, node, days)
    for (const day of days) {
      const heard = await node.store.heardOf({ network: node.network, day })
      await showEquivocations(parameters, ofOthers(parameters, heard))
      if (day > proven) continue
      const attested = await parameters.attested(day)
      await accuse(parameters, day, ofOthers(parameters, [...heard, ...attested]))
    }
  }
  return left
}

/** Who accuses himself loses four fifths. */
const ofOthers = ({ nodes }: DutyParameters, heard: readonly Heard[]): Heard[] =>
  heard.filter(({ signer }) => !nodes.some(({ account }) => isAddressEqual(account.address, signer)))

async function showEquivocations(parameters: DutyParameters, heard: readonly Heard[]): Promise<void> {
  for (const [at, first] of heard.entries()) {
    const second = heard.slice(at + 1).find((each) => contradicts(first, each))
    if (second === undefined || (await parameters.view.bondOf(first.signer)) === 0n) continue
    await attempt(parameters, () => parameters.send.proveEquivocation(first, second))
  }
}

const contradicts = (one: Heard, other: Heard): boolean =>
  isAddressEqual(one.signer, other.signer) &&
  one.report.round === other.report.round &&
  statementHash(one.report) !== statementHash(other.report)

/** Only by totals of its own that are the proven ones: a node that was wrong itself accuses nobody. */
async function accuse(parameters: DutyParameters, day: number, heard: readonly Heard[]): Promise<void> {
  const { view, send, payer, chainTime } = parameters
  if (heard.length === 0) return
  const own = await parameters.totals(day)
  const statement = await view.statementOf(day)
  if (own === undefined || provenStatement(provenTotalsOf(own)) !== statement) return
  for (const signed of heard) {
    if (provenStatement(signed.report) === statement) continue
    const id = accusationId(signed.signer, signed.report)
    const { state, deadline, accuser } = await view.accusation(id)
    if (state === accusationStates.none && (await view.bondOf(signed.signer)) > 0n) {
      await attempt(parameters, () => send.accuse(signed, provenTotalsOf(own)))
    } else if (state === accusationStates.open && isAddressEqual(accuser, payer) && chainTime() >= deadline) {
      await attempt(parameters, () => send.settle(id))
    }
  }
}

async function defend(
  parameters: DutyParameters,
  { account, network, store }: DutyParameters['nodes'][number],
  days: readonly number[],
): Promise<number> {
  const { view, log } = parameters
  if ((await view.openAccusationsOf(account.address)) === 0n) return 0
  let left = 0
  for (const day of days) {
    for (const { report } of await store.signedOf({ network, day })) {
      const id = accusationId(account.address, report)
      if ((await view.accusation(id)).state !== accusationStates.open) continue
      const proof = await findProof(parameters, report.lastBlockHash, day)
      const facts = { accusation: id, day, block: report.lastBlockHash }
      if (proof === undefined) {
        left += 1
        log.error(facts, 'relayer.bond.defenceless')
      } else await attempt(parameters, () => parameters.send.defend(id, proof))
    }
  }
  return left
}

async function findProof(
  { view, burials, log }: DutyParameters,
  blockHash: Hash,
  day: number,
): Promise<Hex | undefined> {
  for (const proof of await burialProofs(burials.find, day, blockHash)) {
    const isBuried = await view.isBuried(blockHash, proof, day).catch((error: unknown) => {
      log.debug({ day, reason: String(error) }, 'relayer.bond.proof.refused')
      return false
    })
    if (isBuried) return proof
  }
  return undefined
}

/** Anyone may do any of this: that somebody else was faster is no failure. */
async function attempt({ log }: DutyParameters, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof CallRefusedError || error instanceof TransactionRevertedError)) throw error
    log.warn({ reason: error.message }, 'relayer.bond.refused')
  }
}

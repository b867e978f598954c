import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, isHash, type PublicClient, BaseError as ViemError } from 'viem'
import { finaliseCall, finaliseGas } from '../../bridge/actions.ts'
import {
  depositsOf,
  readWithdrawalFacts,
  receiptOf,
  withdrawalsBetween,
  withdrawalsOf,
} from '../../bridge/observe.ts'
import { readProveCall } from '../../bridge/proof.ts'
import { isMature, type WithdrawalState, withdrawalState } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { BaseError } from '../../chain/errors.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { sendOnce } from '../runtime/attempt.ts'
import { readKeys } from '../runtime/keys.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { stopSignal } from '../runtime/stop.ts'
import { type clientsOf, openNetwork } from './clients.ts'
import type { Context } from './context.ts'
import { WithdrawalNotFoundError } from './errors.ts'
import { roleOf } from './transfer.ts'
import { openWallet } from './wallet.ts'

export type CompleteOptions = { as: string; send?: boolean }

type Clients = ReturnType<typeof clientsOf>
type Errand = Clients & { manifest: Manifest; withdrawal: Withdrawal }
/** Where it stands at one L1 block, and how long that lasts at least where time alone decides. */
type Stand = { state: WithdrawalState; blockNumber: bigint; waitSeconds: bigint; mayFinalise: boolean }

const POLL_MS = 1_000

/** Says where a withdrawal stands, and with `--send` takes it to its end: what the sequencer does, for those who have none. */
export async function complete(
  { output, folder }: Pick<Context, 'output' | 'folder'>,
  manifest: Manifest,
  { hash, as, send }: CompleteOptions & { hash: string },
): Promise<void> {
  const clients = await openNetwork(manifest)
  const withdrawal = await findWithdrawal(clients, manifest, hash)
  const errand = { ...clients, manifest, withdrawal }
  const show = ({ state, waitSeconds }: Stand) =>
    output.result(
      { withdrawal: withdrawal.hash, state, waitSeconds },
      `${withdrawal.hash} ${state}: ${meaning(state, waitSeconds)}`,
    )
  const first = await standOf(errand)
  if (send !== true) {
    show(first)
    if (!isOver(first)) output.progress('Nothing was sent. Add --send to take it to its end.')
    return
  }
  const account = (await readKeys(folder.keys))[roleOf(as)]
  const signal = stopSignal()
  const outbox = await openWallet({ folder, name: as, side: 'l1', client: clients.l1, account, signal })
  try {
    let shown: WithdrawalState | undefined
    const wait = (reason: string) => output.progress(`waiting: ${reason}`)
    for (let stand = first; !signal.aborted; stand = await patiently(() => standOf(errand), stand, wait)) {
      if (stand.state !== shown) show(stand)
      shown = stand.state
      if (isOver(stand)) return
      await patiently(() => step(errand, stand, outbox), undefined, wait)
      await sleep(POLL_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    await outbox.close()
  }
}

const isOver = ({ state }: Stand) => state === 'finalised' || state === 'failed' || state === 'replayed'

/** What may pass ends nothing: a silent node, a replica that has not come so far, a wrong output that waits for its deletion. */
async function patiently<Value>(
  task: () => Promise<Value>,
  otherwise: Value,
  wait: (reason: string) => void,
): Promise<Value> {
  return task().catch((error: unknown) => {
    if (error instanceof ViemError) wait(error.shortMessage)
    else if (error instanceof BaseError && error.retry) wait(error.message)
    else throw error
    return otherwise
  })
}

async function standOf({ l1, manifest, withdrawal }: Errand): Promise<Stand> {
  const { number: blockNumber, timestamp: l1Time } = await l1.getBlock()
  const { contracts } = manifest.l1
  const facts = await readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber })
  const finalizationPeriodSeconds = await l1.readContract({
    ...oracleOf(manifest),
    functionName: 'FINALIZATION_PERIOD_SECONDS',
  })
  const state = withdrawalState(facts, { l1Time, finalizationPeriodSeconds })
  const { provenAt = 0n, proposedAt = 0n } = facts
  const isProofLast = provenAt > proposedAt
  const since = isProofLast ? provenAt : proposedAt
  const waitSeconds = state === 'proven' ? since + finalizationPeriodSeconds - l1Time : 0n
  // An estimate may be made with the time of this very block, at which the portal would still refuse.
  const mayFinalise = isMature(facts, { l1Time: l1Time - 1n, finalizationPeriodSeconds })
  return { state, blockNumber, waitSeconds, mayFinalise }
}

async function step(
  errand: Errand,
  { state, blockNumber, mayFinalise }: Stand,
  outbox: Outbox,
): Promise<void> {
  const { hash } = errand.withdrawal
  // A transaction that reverts, because somebody else was first or L1 changed, ends nothing: the next look decides what is left.
  if (state === 'covered')
    await sendOnce(
      outbox,
      { effect: `prove:${hash}`, missingAt: blockNumber },
      await readProveCall(errand, errand),
    )
  if (state !== 'mature' || !mayFinalise) return
  const call = finaliseCall(errand.manifest.l1.contracts.OptimismPortal, errand.withdrawal)
  const gas = await finaliseGas(errand.l1, call)
  await sendOnce(outbox, { effect: `finalise:${hash}`, missingAt: blockNumber }, { ...call, gas })
}

/** By its own hash, or that of the transaction that began it: on L2, or on L1 where it was forced. */
async function findWithdrawal({ l1, l2 }: Clients, manifest: Manifest, given: string): Promise<Withdrawal> {
  const missing = (reason: string) => new WithdrawalNotFoundError(given, manifest.l2.rpcUrl, reason)
  if (!isHash(given)) throw missing('a hash is 0x and 64 hex digits.')
  const receipt = await receiptOf(l1, given)
  if (receipt !== undefined) {
    const deposits = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
    if (deposits.length === 0) throw missing('that transaction on L1 forces nothing on L2.')
    const found = await Promise.all(deposits.map((deposit) => begunBy(l2, deposit.hash)))
    if (found.every((withdrawals) => withdrawals === undefined))
      throw missing(
        'L2 has not executed the forced transaction yet. Wait as long as was told, and ask again.',
      )
    return only(
      found.flatMap((withdrawals) => withdrawals ?? []),
      missing,
    )
  }
  const begun = await begunBy(l2, given)
  if (begun !== undefined) return only(begun, missing)
  const all = await withdrawalsBetween(l2, { fromBlock: 0n, toBlock: await l2.getBlockNumber() })
  const found = all.find((withdrawal) => withdrawal.hash === given)
  if (found === undefined) throw missing('it is neither a withdrawal nor a transaction that began one.')
  return found
}

async function begunBy(l2: PublicClient, transaction: Hash): Promise<Withdrawal[] | undefined> {
  const receipt = await receiptOf(l2, transaction)
  return receipt === undefined ? undefined : withdrawalsOf(receipt)
}

function only(found: readonly Withdrawal[], missing: (reason: string) => Error): Withdrawal {
  const [first, second] = found
  if (first === undefined) throw missing('its transaction began none; it may have failed on L2.')
  if (second !== undefined) {
    const hashes = found.map(({ hash }) => hash).join(', ')
    throw missing(`its transaction began ${found.length}: name one of ${hashes}.`)
  }
  return first
}

const oracleOf = (manifest: Manifest) =>
  ({ address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi }) as const

function meaning(state: WithdrawalState, waitSeconds: bigint): string {
  switch (state) {
    case 'seen':
      return 'no output on L1 covers it yet; the operator proposes one, or anybody with hashsand outputs propose'
    case 'covered':
    case 'prove-intent':
      return 'it can be proven on L1'
    case 'proven':
      return `it can be finalised in ${waitSeconds} s by the clock of L1`
    case 'mature':
    case 'finalise-intent':
      return 'it can be finalised on L1'
    case 'finalised':
      return 'done: L1 has carried it out'
    case 'replayed':
      return 'done: L1 has carried it out at a second try'
    case 'failed':
      return 'it was finalised and its call on L1 failed; anybody may try again with relayMessage'
  }
}

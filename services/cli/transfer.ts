import { type Address, formatEther, isAddress, type PublicClient } from 'viem'
import type { Call } from '../../bridge/actions.ts'
import { forcedTimes, readOutputTerms } from '../../bridge/forced.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { type Role, readKeys, roles } from '../runtime/keys.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { clientsOf, openNetwork, openNetworkByL1 } from './clients.ts'
import type { Context } from './context.ts'
import { TransferRevertedError, UnknownNameError, UsageError } from './errors.ts'
import { checkBeforehand, estimateOf, textOf } from './transferChecks.ts'
import { callsOf, type Direction, pairOf, sideOf, stepsOf, type TransferOptions } from './transferPlan.ts'
import { formatAmount, parseAmount } from './units.ts'
import { openWallet } from './wallet.ts'

type Plan = { calls: readonly Call[]; text: string; fields: Record<string, unknown> }

type Way = TransferOptions & { direction: Direction }

/** Says what a transfer takes, step by step, and with `--send` does its first step; the sequencer does the others. */
export async function transfer(context: Context, manifest: Manifest, given: Way): Promise<void> {
  const { output, folder } = context
  const options: Way = given.throughL1 === true ? { ...given, direction: 'force-withdraw' } : given
  const { direction } = options
  const account = (await readKeys(folder.keys))[roleOf(options.as)]
  const side = sideOf(direction)
  const clients = await (direction.startsWith('force-') ? openNetworkByL1 : openNetwork)(manifest)
  const client = clients[side]
  const plan = await planOf(manifest, account.address, options)
  await checkBeforehand(clients, { manifest, options, call: plan.calls[0], account: account.address })
  const estimate = await estimateOf(clients, {
    manifest,
    options,
    call: plan.calls[0],
    account: account.address,
  })
  const cost = await costOf(client, account.address, plan.calls[0])
  output.result(
    { ...plan.fields, dryRun: options.send !== true, maxCostWei: cost, estimate },
    `${plan.text}\n${textOf(estimate)}Gas for the first step at most ${formatEther(cost)} ETH on ${side.toUpperCase()}.`,
  )
  if (options.send !== true) {
    output.progress('Nothing was sent. Add --send to do it.')
    return
  }
  const outbox = await openWallet({ folder, name: options.as, side, client, account })
  const hashes = await sendAll(outbox, plan.calls)
  output.result({ transactions: hashes }, `Sent: ${hashes.join(', ')}\n${sequel[direction]}`)
}

const messages = 'Follow it with hashsand bridge messages.'
const sequel = {
  deposit: messages,
  withdraw: messages,
  'force-deposit': messages,
  'force-withdraw':
    'Follow it with hashsand bridge messages, or, without the operator, take it to its end with hashsand bridge complete <transaction>.',
} as const satisfies Record<Direction, string>

async function planOf(
  manifest: Manifest,
  sender: Address,
  { direction, amount, token, to, withGas }: Way,
): Promise<Plan> {
  const recipient = to === undefined ? sender : addressOf(to)
  const pair = pairOf(manifest, token)
  const decimals = pair?.decimals ?? 18
  const value = parseAmount(amount, decimals, token)
  const etherForGas = withGas === undefined ? undefined : parseAmount(withGas, 18, 'ETH')
  if (etherForGas !== undefined && pair === undefined) {
    throw new UsageError('Ether brings itself: --with-gas is for tokens. Leave it out.')
  }
  const terms = await readOutputTerms(clientsOf(manifest).l1, { manifest })
  const forced = forcedTimes(manifest, terms)
  const plan = { manifest, direction, pair, amount: value, to: recipient, etherForGas, forced }
  const steps = stepsOf(plan)
  const fields = { direction, token, amount: value, etherForGas, from: sender, to: recipient, steps }
  const text = [
    `${direction} ${formatAmount(value, decimals, token)} from ${sender} to ${recipient}`,
    ...steps.map((step, position) => `  ${position + 1}. ${step}`),
  ].join('\n')
  return { calls: callsOf(plan), text, fields }
}

async function costOf(client: PublicClient, account: Address, call: Call | undefined): Promise<bigint> {
  if (call === undefined) return 0n
  const [gas, { maxFeePerGas }] = await Promise.all([
    client.estimateGas({ account, ...call }),
    client.estimateFeesPerGas(),
  ])
  return gas * maxFeePerGas
}

async function sendAll(outbox: Outbox, calls: readonly Call[]): Promise<string[]> {
  const hashes: string[] = []
  const name = Date.now()
  try {
    for (const [position, call] of calls.entries()) {
      const { transactionHash, status } = await outbox.send({ key: `${name}-${position}`, ...call })
      if (status !== 'success') throw new TransferRevertedError(transactionHash)
      hashes.push(transactionHash)
    }
    return hashes
  } finally {
    await outbox.close()
  }
}

export function roleOf(text: string): Role {
  const role = roles.find((name) => name === text)
  if (role === undefined) throw new UnknownNameError('role', text, roles)
  return role
}

function addressOf(text: string): Address {
  if (isAddress(text)) return text
  throw new UnknownNameError('address', text, ['0x and 40 hex digits with a right checksum'])
}

import { type Address, formatEther, isAddress, type PublicClient } from 'viem'
import {
  type Call,
  depositErc20Call,
  depositEtherCall,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { type Role, readKeys, roles } from '../runtime/keys.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { openNetwork } from './clients.ts'
import type { Context } from './context.ts'
import { approveCall } from './demo/contracts.ts'
import { UnknownNameError } from './errors.ts'
import { formatAmount, parseAmount } from './units.ts'
import { openWallet } from './wallet.ts'

export type TransferOptions = { amount: string; token: string; to?: string; as: string; send?: boolean }
type Direction = 'deposit' | 'withdraw'
type Plan = { calls: readonly Call[]; text: string; fields: Record<string, unknown> }

/** Says what a transfer takes, step by step, and with `--send` does its first step; the sequencer does the others. */
export async function transfer(
  context: Context,
  manifest: Manifest,
  options: TransferOptions & { direction: Direction },
): Promise<void> {
  const { output, folder } = context
  const account = (await readKeys(folder.keys))[roleOf(options.as)]
  const side = options.direction === 'deposit' ? 'l1' : 'l2'
  const client = (await openNetwork(manifest))[side]
  const plan = planOf(manifest, account.address, options)
  const cost = await costOf(client, account.address, plan.calls[0])
  output.result(
    { ...plan.fields, dryRun: options.send !== true, maxCostWei: cost },
    `${plan.text}\nGas for the first step at most ${formatEther(cost)} ETH on ${side.toUpperCase()}.`,
  )
  if (options.send !== true) {
    output.progress('Nothing was sent. Add --send to do it.')
    return
  }
  const outbox = await openWallet({ folder, name: options.as, side, client, account })
  const hashes = await sendAll(outbox, plan.calls)
  output.result(
    { transactions: hashes },
    `Sent: ${hashes.join(', ')}\nFollow it with hashsand bridge messages.`,
  )
}

function planOf(
  manifest: Manifest,
  sender: Address,
  { direction, amount, token, to }: TransferOptions & { direction: Direction },
): Plan {
  const recipient = to === undefined ? sender : addressOf(to)
  const ether = token.toUpperCase() === 'ETH'
  const pair = ether ? undefined : pairOf(manifest, token)
  const decimals = pair?.decimals ?? 18
  const value = parseAmount(amount, decimals, token)
  const waits = `${manifest.bridge.finalizationPeriodSeconds} s after its proof`
  const steps =
    direction === 'deposit'
      ? ['send on L1', 'the sequencer executes it on L2, a few seconds later']
      : ['send on L2', 'the sequencer proposes a root and proves it on L1', `it finalises it on L1, ${waits}`]
  const fields = { direction, token, amount: value, from: sender, to: recipient, steps }
  const text = [
    `${direction} ${formatAmount(value, decimals, token)} from ${sender} to ${recipient}`,
    ...steps.map((step, position) => `  ${position + 1}. ${step}`),
  ].join('\n')
  return { calls: callsOf(manifest, direction, pair, { amount: value, to: recipient }), text, fields }
}

function callsOf(
  manifest: Manifest,
  direction: Direction,
  pair: Manifest['tokens'][number] | undefined,
  { amount, to }: { amount: bigint; to: Address },
): Call[] {
  if (pair === undefined) {
    return [
      direction === 'deposit'
        ? depositEtherCall({ manifest, amount, to })
        : withdrawEtherCall({ amount, to }),
    ]
  }
  if (direction === 'withdraw') return [withdrawErc20Call({ manifest, token: pair.l2, amount, to })]
  return [
    approveCall(pair.l1, manifest.l1.contracts.L1StandardBridge, amount),
    depositErc20Call({ manifest, token: pair.l1, amount, to }),
  ]
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
      const { transactionHash } = await outbox.send({ key: `${name}-${position}`, ...call })
      hashes.push(transactionHash)
    }
    return hashes
  } finally {
    await outbox.close()
  }
}

function roleOf(text: string): Role {
  const role = roles.find((name) => name === text)
  if (role === undefined) throw new UnknownNameError('role', text, roles)
  return role
}

function addressOf(text: string): Address {
  if (isAddress(text)) return text
  throw new UnknownNameError('address', text, ['0x and 40 hex digits with a right checksum'])
}

function pairOf(manifest: Manifest, symbol: string): Manifest['tokens'][number] {
  const pair = manifest.tokens.find((token) => token.symbol.toUpperCase() === symbol.toUpperCase())
  if (pair === undefined) {
    throw new UnknownNameError('token', symbol, ['ETH', ...manifest.tokens.map((token) => token.symbol)])
  }
  return pair
}

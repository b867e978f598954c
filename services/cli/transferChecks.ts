import { type Address, type PublicClient, BaseError as ViemError } from 'viem'
import type { Call } from '../../bridge/actions.ts'
import { type Estimate, estimateDeposit, estimateWithdrawal } from '../../bridge/estimates.ts'
import { forcedWithdrawalGas } from '../../bridge/forced.ts'
import { checkForcedSender, checkFunds } from '../../bridge/funds.ts'
import { checkBacking } from '../../bridge/registry.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { type Direction, pairOf, type TransferOptions } from './transferPlan.ts'

type Clients = { l1: PublicClient; l2: PublicClient }
type Errand = {
  manifest: Manifest
  options: TransferOptions & { direction: Direction }
  account: Address
  /** The first that is signed. */
  call: Call | undefined
}

/** Refuses what would lead to nothing, before anything is shown or signed. */
export async function checkBeforehand(
  clients: Clients,
  { manifest, options, account, call }: Errand,
): Promise<void> {
  const pair = pairOf(manifest, options.token)
  switch (options.direction) {
    case 'deposit':
      if (pair === undefined) return
      await checkBacking(clients, { bridge: manifest.l1.contracts.L1StandardBridge, pair })
      return
    case 'withdraw':
      if (call !== undefined) await checkFunds(clients.l2, { account, call })
      return
    case 'force-withdraw':
      await checkForcedSender(clients.l1, account)
      return
    case 'force-deposit':
      return
  }
}

/**
 * Undefined where a node does not answer, or answers nothing of use: what cannot be foretold keeps nobody from leaving. A call that would
 * revert is found when it is to be sent.
 */
export async function estimateOf(clients: Clients, errand: Errand): Promise<Estimate | undefined> {
  return readEstimate(clients, errand).catch((error: unknown) => {
    if (error instanceof ViemError) return undefined
    throw error
  })
}

async function readEstimate(
  clients: Clients,
  { manifest, options: { direction, token, withGas }, account, call }: Errand,
): Promise<Estimate | undefined> {
  if (call === undefined || direction === 'force-deposit') return undefined
  if (direction === 'withdraw') return estimateWithdrawal(clients, { manifest, account, call })
  if (direction === 'force-withdraw') {
    return estimateWithdrawal(clients, { manifest, account, call, throughL1Gas: forcedWithdrawalGas })
  }
  const isEther = pairOf(manifest, token) === undefined
  const cargo = isEther ? 'ether' : withGas === undefined ? 'erc20' : 'erc20 with gas'
  return estimateDeposit(clients, { manifest, cargo })
}

/** A line for each step. */
export function textOf(estimate: Estimate | undefined): string {
  if (estimate === undefined) return ''
  const lines = estimate.steps.map(({ name, side, by, gas, over }) => {
    const cost = gas === undefined ? '' : `, about ${gas.expected} gas on ${side.toUpperCase()}`
    const payer = by === 'user' ? '' : ', by the operator'
    return `  ${name}: over in ${over.leastSeconds} to ${over.expectedSeconds} s${cost}${payer}`
  })
  return `By the clock of L1, if nothing is wrong:\n${lines.join('\n')}\n`
}

import { type Address, formatEther } from 'viem'
import {
  type Call,
  depositErc20Call,
  depositEtherCall,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import { depositWithGasCall } from '../../bridge/depositWithGas.ts'
import {
  type ForcedTimes,
  forcedDepositCall,
  forcedWithdrawErc20Call,
  forcedWithdrawEtherCall,
} from '../../bridge/forced.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { TokenPair } from '../../chain/tokens.ts'
import { approveCall } from './demo/contracts.ts'
import { UnknownNameError } from './errors.ts'
import type { Side } from './wallet.ts'

export const directions = ['deposit', 'withdraw', 'force-deposit', 'force-withdraw'] as const
export type Direction = (typeof directions)[number]

export type TransferOptions = {
  amount: string
  token: string
  to?: string
  as: string
  send?: boolean
  withGas?: string
  throughL1?: boolean
}

export type PlanParameters = {
  manifest: Manifest
  direction: Direction
  /** Undefined for ether. */
  pair: Manifest['tokens'][number] | undefined
  /** Base units. */
  amount: bigint
  to: Address
  /** Wei that a deposited token brings along, to pay gas with on L2. */
  etherForGas?: bigint | undefined
  /** The waiting times at worst, for those who go by L1 alone. */
  forced: ForcedTimes
}

/** Where the first step is sent. The forced ways need nothing of L2's operator. */
export const sideOf = (direction: Direction): Side => (direction === 'withdraw' ? 'l2' : 'l1')

/** What has to be signed. What follows is done by the sequencer, or by anybody. */
export function callsOf({ manifest, direction, pair, amount, to, etherForGas }: PlanParameters): Call[] {
  const ether = { manifest, amount, to }
  switch (direction) {
    case 'deposit':
      if (pair !== undefined && etherForGas !== undefined) {
        const call = depositWithGasCall({ manifest, token: pair.l1, amount, ether: etherForGas, to })
        return [approveCall(pair.l1, call.to, amount), call]
      }
      return pair === undefined ? [depositEtherCall(ether)] : depositCalls(manifest, pair, amount, to)
    case 'withdraw':
      if (pair === undefined) return [withdrawEtherCall(ether)]
      return [withdrawErc20Call({ manifest, token: pair.l2, amount, to })]
    case 'force-deposit':
      // A token's usual way ends on the portal as well: nobody can keep it out.
      return pair === undefined ? [forcedDepositCall(ether)] : depositCalls(manifest, pair, amount, to)
    case 'force-withdraw':
      if (pair === undefined) return [forcedWithdrawEtherCall(ether)]
      return [forcedWithdrawErc20Call({ manifest, token: pair.l2, amount, to })]
  }
}

function depositCalls(
  manifest: Manifest,
  pair: Manifest['tokens'][number],
  amount: bigint,
  to: Address,
): Call[] {
  return [
    approveCall(pair.l1, manifest.l1.contracts.L1StandardBridge, amount),
    depositErc20Call({ manifest, token: pair.l1, amount, to }),
  ]
}

/** The way in words, with its times, before anything is signed. */
export function stepsOf({ manifest, direction, forced, etherForGas }: PlanParameters): string[] {
  const period = manifest.bridge.finalizationPeriodSeconds
  switch (direction) {
    case 'deposit':
      return [
        etherForGas === undefined
          ? 'send on L1'
          : `send on L1, with ${formatEther(etherForGas)} ETH for gas on L2: both or neither`,
        'the sequencer executes it on L2, a few seconds later',
      ]
    case 'withdraw':
      return [
        'send on L2',
        'a root is proposed, and the sequencer proves the withdrawal on L1',
        `it finalises it on L1, ${period} s after its proof`,
      ]
    case 'force-deposit':
      return [
        'send on L1',
        `L2 must have executed it after ${forced.includedSeconds} s, whatever its operator does`,
      ]
    case 'force-withdraw':
      return [
        'send on L1; L2 executes it in your name, without ether of yours there',
        `L2 must have executed it after ${forced.includedSeconds} s, whatever its operator does`,
        `anybody may propose an output that covers it after ${forced.proposableSeconds} s at most`,
        `it can be finalised after ${forced.finalisableSeconds} s at most`,
      ]
  }
}

/** Undefined for ether. */
export function pairOf(manifest: Manifest, symbol: string): TokenPair | undefined {
  if (symbol.toUpperCase() === 'ETH') return undefined
  const pair = manifest.tokens.find((token) => token.symbol.toUpperCase() === symbol.toUpperCase())
  if (pair === undefined) {
    throw new UnknownNameError('token', symbol, ['ETH', ...manifest.tokens.map((token) => token.symbol)])
  }
  return pair
}

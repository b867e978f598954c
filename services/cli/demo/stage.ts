import type { Address, Hash, PublicClient } from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { Side } from '../wallet.ts'
import type { Uniswap } from './uniswap.ts'

export type Party = 'pool' | 'miner' | 'buyer'
export type Sent = { side: Side; hash: Hash }

/** What a step reports: where it can be looked up and what it moved. Amounts are satoshi, positions 1e-18 units. */
export type StepResult = {
  transactions: readonly Sent[]
  amounts?: Record<string, bigint>
  positions?: Record<string, bigint>
  facts?: Record<string, string>
}

/** Everything that the steps of the demo share. */
export type Stage = {
  manifest: Manifest
  l1: PublicClient
  l2: PublicClient
  wbtc: Manifest['tokens'][number]
  index: Manifest['indices'][number]
  uniswap: Uniswap
  payoutForwarderFactory: Address
  parties: Record<Party, { address: Address }>

  /** Does a step once, prints it, and keeps its result for the next process if this one is killed. */
  step(name: string, title: string, act: () => Promise<StepResult>): Promise<StepResult>
  /** Keeps a value that a step computed, so that its repetition uses the same one. */
  remember<Value>(name: string, act: () => Promise<Value>): Promise<Value>
  /**
   * Sends durably: however often this is called with one name, the chain sees one transaction, the one that was made
   * first. Fails where it reverted.
   */
  send(party: Party, side: Side, name: string, call: Call): Promise<Sent>
  /** Waits until the deposits of an L1 transaction are executed on L2; fails where one of them failed. */
  delivered(l1Transaction: Hash): Promise<Sent[]>
  /** Waits until the withdrawals of an L2 transaction are finalised; answers the prove and finalise transactions. */
  finalised(l2Transaction: Hash): Promise<Sent[]>

  /** Satoshi that a party holds. */
  balance(party: Party, side: Side): Promise<bigint>
  balanceAt(holder: Address): Promise<bigint>
  /** What a party holds of a box. */
  position(party: Party, id: bigint): Promise<bigint>
  /** Fails with the reason when the relayer will never reach that day. */
  checkSource(day: number): Promise<void>
  /** Index values of at most so many last final days, at least one, per component, newest last. */
  recentRewards(days: number): Promise<readonly (readonly bigint[])[]>
  boxOf(term: { index: number; start: number; end: number }): bigint
  /** A quarter of an hour from L2's own clock. */
  deadline(): Promise<bigint>

  btc(satoshi: bigint): string
  units(quantity: bigint): string
}

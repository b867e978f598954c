import { type Address, formatEther, formatGwei, type PublicClient } from 'viem'
import type { Output } from '../output.ts'
import { DeployerFundsError } from './errors.ts'

export type Step = { step: string; gas: bigint }

export type Cost = {
  gas: bigint
  gasPriceWei: bigint
  costWei: bigint
  /** The price may double before the last transaction is in. */
  doubleWei: bigint
  balanceWei: bigint
  missingWei: bigint
}

/** What these transactions cost now, and what the deployer has for it. */
export async function costOf(client: PublicClient, deployer: Address, steps: readonly Step[]): Promise<Cost> {
  const gas = steps.reduce((sum, step) => sum + step.gas, 0n)
  const [gasPriceWei, balanceWei] = await Promise.all([
    client.getGasPrice(),
    client.getBalance({ address: deployer }),
  ])
  const costWei = gas * gasPriceWei
  const doubleWei = 2n * costWei
  const missingWei = balanceWei < doubleWei ? doubleWei - balanceWei : 0n
  return { gas, gasPriceWei, costWei, doubleWei, balanceWei, missingWei }
}

/** Throws DeployerFundsError. */
export function assertFunds(deployer: Address, { balanceWei, doubleWei, missingWei }: Cost): void {
  if (missingWei > 0n) throw new DeployerFundsError(deployer, balanceWei, doubleWei, 'L1')
}

export type Plan = {
  steps: readonly Step[]
  /** How many of them are done, counted from the first. */
  isDone: (step: string) => boolean
  contracts: Record<string, string>
  deployer: Address
}

/** Shows what would be sent, and what it would cost. */
export function showPlan(output: Output, { steps, isDone, contracts, deployer }: Plan, cost: Cost): void {
  const count = Object.keys(contracts).length
  const done = steps.filter(({ step }) => isDone(step)).length
  const transactions = steps.map(({ step, gas }) => ({ step, gas, done: isDone(step) }))
  const lines = transactions.map(
    ({ step, gas, done }, position) =>
      `  ${String(position + 1).padStart(2)}. ${step.padEnd(42)} ${String(gas).padStart(9)} gas${done ? '  done' : ''}`,
  )
  const text = [
    `${steps.length} transactions of ${deployer}${done > 0 ? `, ${done} of them done` : ''}`,
    ...lines,
    `${count} contracts`,
    ...Object.entries(contracts).map(([name, address]) => `  ${name.padEnd(30)} ${address}`),
    `gas to go         ${cost.gas}`,
    `present price     ${formatGwei(cost.gasPriceWei)} gwei`,
    `cost              ${formatEther(cost.costWei)} ether, at twice the price ${formatEther(cost.doubleWei)}`,
    `the deployer has  ${formatEther(cost.balanceWei)} ether${cost.missingWei > 0n ? `, missing ${formatEther(cost.missingWei)}` : ', enough'}`,
  ].join('\n')
  output.result({ plan: { deployer, transactions, contracts, done, ...cost } }, text)
}

import pc from 'picocolors'
import { formatUnits } from 'viem'
import type { Output } from '../output.ts'
import type { Journal } from './journal.ts'
import type { Stage, StepResult } from './stage.ts'

export type ReporterParameters = { journal: Journal; output: Output; results: StepResult[] }

/**
 * Numbers the steps and prints each with its transactions and amounts. A step that is walked through again, because the
 * network was away in between, is neither counted nor printed twice.
 */
export function reporter({ journal, output, results }: ReporterParameters): Stage['step'] {
  const printed = new Set<string>()
  return async (name, title, act) => {
    const number = printed.size + 1
    const earlier = journal.has(name)
    if (!earlier) output.progress(`${number} ${title} …`)
    const result = await journal.once(name, act)
    if (printed.has(name)) return result
    printed.add(name)
    results.push(result)
    output.result({ step: name, number, title, earlier, ...result }, describe(number, title, result, earlier))
    return result
  }
}

function describe(number: number, title: string, result: StepResult, earlier: boolean): string {
  const head = `${pc.bold(String(number).padStart(2))} ${title}${earlier ? pc.dim(' (done before)') : ''}`
  const amounts = Object.entries(result.amounts ?? {}).map(([name, value]) => line(name, btc(value)))
  const positions = Object.entries(result.positions ?? {}).map(([name, value]) => line(name, units(value)))
  const facts = Object.entries(result.facts ?? {}).map(([name, value]) => line(name, value))
  const transactions = result.transactions.map(({ side, hash }) => line(side.toUpperCase(), pc.dim(hash)))
  return [head, ...amounts, ...positions, ...facts, ...transactions].join('\n')
}

const line = (name: string, value: string): string => `     ${name.padEnd(20)} ${value}`

export const btc = (satoshi: bigint): string => `${formatUnits(satoshi, 8)} WBTC`
export const units = (quantity: bigint): string => `${formatUnits(quantity, 18)} units`

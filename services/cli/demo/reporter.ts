import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import { ContractFunctionRevertedError, formatUnits, BaseError as ViemError } from 'viem'
import type { Output } from '../output.ts'
import type { Journal } from './journal.ts'
import type { Stage, StepResult } from './stage.ts'

export type ReporterParameters = { journal: Journal; output: Output; results: StepResult[] }

/** Numbers the steps and prints each with its transactions and amounts. */
export function reporter({ journal, output, results }: ReporterParameters): Stage['step'] {
  let number = 0
  return async (name, title, act) => {
    number += 1
    const earlier = journal.has(name)
    if (!earlier) output.progress(`${number} ${title} …`)
    const result = await journal.once(name, () => throughRestarts(act))
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

const patienceMs = 180_000

/**
 * Repeats a step while the network is away, as when all of it was killed and starts again. That is harmless: whatever a
 * step sends goes through an outbox that knows what it has sent.
 */
async function throughRestarts<Result>(act: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (!isAway(error) || Date.now() > deadline) throw error
      await sleep(500)
    }
  }
}

/** An answer of a contract is an answer; any other failure of a request is a network that is away. */
function isAway(error: unknown): boolean {
  return (
    error instanceof ViemError &&
    error.walk((cause) => cause instanceof ContractFunctionRevertedError) === null
  )
}

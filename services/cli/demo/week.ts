import { dayToDate } from '../../../oracle/block.ts'
import { waitFor } from '../wait.ts'
import { indexContract, ledgerContract } from './contracts.ts'
import type { Stage } from './stage.ts'

/** The days pass by the chain's own clock; each is indexed by the relayer and printed with its value. */
export async function passDays(stage: Stage, from: number, until: number): Promise<void> {
  for (let day = from; day < until; day++) {
    await stage.step(`day-${day}`, `day ${dayToDate(day)} is indexed`, async () => {
      await waitForPoke(stage, day)
      return { transactions: [], facts: await dayFacts(stage, day) }
    })
  }
}

function waitForPoke(stage: Stage, day: number): Promise<true> {
  return waitFor({
    what: `day ${dayToDate(day)} to be final and poked`,
    seconds: 180,
    remedy: 'See what the relayer says: npm run hashsand -- status.',
    look: async () => {
      await stage.checkSource(day)
      const until = await stage.l2.readContract({
        ...ledgerContract,
        functionName: 'pokedUntil',
        args: [stage.index.id],
      })
      return until > day ? true : undefined
    },
  })
}

/** By the contract's `DayState`. */
const settledBy: Record<number, string> = {
  2: 'headers and coinbases, proven',
  3: 'a quorum of signers',
  4: 'the last final day, in place of one that never came',
}

async function dayFacts({ l2, index }: Stage, day: number): Promise<Record<string, string>> {
  const args = [index.network, day] as const
  const [values, state] = await Promise.all([
    l2.readContract({ ...indexContract, functionName: 'dayOf', args }),
    l2.readContract({ ...indexContract, functionName: 'stateOf', args }),
  ])
  return {
    day: String(day),
    date: dayToDate(day),
    settledBy: settledBy[state] ?? 'nothing yet',
    subsidyIndex: values.subsidyIndex.toString(),
    feesIndex: values.feesIndex.toString(),
    cappedFeesIndex: values.cappedFeesIndex.toString(),
  }
}

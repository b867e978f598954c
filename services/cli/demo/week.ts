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
    what: `day ${dayToDate(day)} to be attested, final and poked`,
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

async function dayFacts({ l2, index }: Stage, day: number): Promise<Record<string, string>> {
  const values = await l2.readContract({
    ...indexContract,
    functionName: 'dayOf',
    args: [index.network, day],
  })
  return {
    day: String(day),
    date: dayToDate(day),
    subsidyIndex: values.subsidyIndex.toString(),
    feesIndex: values.feesIndex.toString(),
    cappedFeesIndex: values.cappedFeesIndex.toString(),
  }
}

import { z } from 'zod'

// What a bench is, and the two forms in which its figures are written: a table for people, one JSON object a line for programs.

export const measurementSchema = z.strictObject({
  bench: z.string().min(1),
  case: z.string().min(1),
  value: z.number(),
  unit: z.string().min(1),
  /** What the project promises itself; null where nothing is promised. */
  budget: z.number().nullable(),
  better: z.enum(['lower', 'higher']),
  /** Who does the same, how fast, and where that figure stands; all of them null where nobody's is known. */
  peer: z.string().nullable(),
  peerValue: z.number().nullable(),
  peerSource: z.string().nullable(),
})

export type Measurement = z.infer<typeof measurementSchema>

/** A figure as a bench gives it; what it leaves out is null. */
export type Figure = Pick<Measurement, 'case' | 'value' | 'unit' | 'better'> &
  Partial<Pick<Measurement, 'budget'>> & { peer?: Peer | undefined }

export type Peer = { name: string; value: number; source: string }

export type Stage = {
  measured(figure: Figure): void
  /** Something that a reader of the figures should know, or that is under way. */
  say(text: string): void
}

export type Bench = { name: string; run(stage: Stage): Promise<void> }

export function measurementOf(
  bench: string,
  { case: name, value, unit, better, ...rest }: Figure,
): Measurement {
  const { budget = null, peer } = rest
  return {
    bench,
    case: name,
    value: rounded(value),
    unit,
    budget,
    better,
    peer: peer?.name ?? null,
    peerValue: peer === undefined ? null : rounded(peer.value),
    peerSource: peer?.source ?? null,
  }
}

/** Three significant digits: no run repeats more of them. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))
}

export function missesBudget({ value, budget, better }: Measurement): boolean {
  if (budget === null) return false
  return better === 'lower' ? value > budget : value < budget
}

export type RunParameters = {
  bench: Bench
  json: boolean
  /** Standard output and standard error. */
  out: (text: string) => void
  note: (text: string) => void
}

/** Runs one bench and answers what it measured. JSON lines come as the figures do, the table at the end. */
export async function runBench({ bench, json, out, note }: RunParameters): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  await bench.run({
    say: (text) => note(`${text}\n`),
    measured: (figure) => {
      const measurement = measurementSchema.parse(measurementOf(bench.name, figure))
      measurements.push(measurement)
      if (json) out(`${JSON.stringify(measurement)}\n`)
      else note(`${measurement.case}: ${measurement.value} ${measurement.unit}\n`)
    },
  })
  if (!json) out(table(measurements))
  return measurements
}

const heads = ['case', 'value', 'unit', 'budget', 'peer', 'who']

export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => {
    const mark = missesBudget(one) ? ' MISSED' : ''
    const budget = one.budget === null ? '-' : `${one.better === 'lower' ? '≤' : '≥'} ${one.budget}${mark}`
    const peer = one.peerValue === null ? '-' : String(one.peerValue)
    const who = one.peer === null ? '' : `${one.peer} (${one.peerSource})`
    return [one.case, String(one.value), one.unit, budget, peer, who]
  })
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return numeric.has(heads[column] ?? '') ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return `${[line(heads), rule, ...rows.map(line)].join('\n')}\n`
}

const numeric = new Set(['value', 'budget', 'peer'])

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

// triage.ts FOUND.json: compares what slither found with the exceptions in slither.json. Both must agree: an exception that nothing
// needs any more would hide the next finding of its kind.

const exceptionsSchema = z.array(
  z.strictObject({
    check: z.string().min(1),
    /** Contract, function or variable, as slither names it, or `*`. */
    where: z.string().min(1),
    why: z.string().min(20),
  }),
)
const elementSchema = z.looseObject({ type: z.string(), name: z.string() })
type Element = z.infer<typeof elementSchema>
const foundSchema = z.object({
  success: z.boolean(),
  results: z.object({
    detectors: z
      .array(z.object({ check: z.string(), description: z.string(), elements: z.array(elementSchema) }))
      .default([]),
  }),
})

const found = foundSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
const exceptions = exceptionsSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, 'slither.json'), 'utf8')),
)

const used = new Set<object>()
const fresh = found.results.detectors.filter(({ check, elements }) => {
  const where = placeOf(elements[0])
  const exception = exceptions.find(
    (one) => one.check === check && (one.where === '*' || one.where === where),
  )
  if (exception !== undefined) used.add(exception)
  return exception === undefined
})
const stale = exceptions.filter((one) => !used.has(one))

for (const { check, description, elements } of fresh) {
  process.stdout.write(`${check} in ${placeOf(elements[0])}\n${description}\n`)
}
for (const { check, where } of stale)
  process.stdout.write(`slither.json explains ${check} in ${where}, which is not found\n`)
process.stdout.write(
  `slither: ${found.results.detectors.length} findings, ${fresh.length} without a reason; ${stale.length} reasons without a finding\n`,
)
process.exitCode = !found.success || fresh.length + stale.length > 0 ? 1 : 0

/** `Ledger.redeem`: the contract is what the function or variable stands in. */
function placeOf(element: Element | undefined): string {
  if (element === undefined) return ''
  const fields = element.type_specific_fields
  const parent =
    typeof fields === 'object' && fields !== null && 'parent' in fields ? fields.parent : undefined
  const within = elementSchema.safeParse(parent)
  if (!within.success || within.data.type === 'file') return element.name
  return `${placeOf(within.data)}.${element.name}`
}

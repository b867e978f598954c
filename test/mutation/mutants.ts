import { type Node, type Span, spanOf, text, walk } from './ast.ts'
import { type Cut, RULES } from './rules.ts'

export type Mutant = Span & {
  /** Says what it is without line numbers, so that it means the same after the file has moved: see `idOf`. */
  id: string
  file: string
  line: number
  lastLine: number
  /** The function, or the contract. */
  inside: string
  rule: string
  original: string
  replacement: string
}

const NAMED = new Set(['FunctionDefinition', 'ContractDefinition', 'ModifierDefinition'])
/** Nothing runs there. */
const SILENT = new Set([
  'ImportDirective',
  'PragmaDirective',
  'EventDefinition',
  'ErrorDefinition',
  'UsingForDirective',
  'OverrideSpecifier',
  'InheritanceSpecifier',
])

/** All mutants of one file, in the order of the text. */
export function mutantsOf(file: string, source: Buffer, tree: Node): Mutant[] {
  const cut: Cut = ({ start, end }) => source.subarray(start, end).toString()
  const lineAt = (offset: number) => source.subarray(0, offset).toString().split('\n').length
  const seen = new Map<string, number>()
  const mutants: Mutant[] = []
  for (const [node, parents] of walk(tree)) {
    if ([...parents, node].some(({ nodeType }) => SILENT.has(nodeType))) continue
    const inside = nameOf(parents)
    for (const { rule, start, end, replacement } of RULES[node.nodeType]?.(node, parents, cut) ?? []) {
      const original = cut({ start, end })
      if (original === replacement) continue
      const place = placeOf(cut, parents, { start, end })
      const named = idOf({ file, inside, rule, place, replacement })
      const nth = (seen.get(named) ?? 0) + 1
      seen.set(named, nth)
      const id = nth === 1 ? named : `${named} #${nth}`
      const [line, lastLine] = [lineAt(start), lineAt(end)]
      mutants.push({ id, file, line, lastLine, inside, rule, original, replacement, start, end })
    }
  }
  return mutants
}

/** The file with the mutant's error in it. */
export function apply(source: Buffer, { start, end, replacement }: Mutant): string {
  return Buffer.concat([source.subarray(0, start), Buffer.from(replacement), source.subarray(end)]).toString()
}

function nameOf(parents: readonly Node[]): string {
  const named = parents.findLast(({ nodeType }) => NAMED.has(nodeType))
  return named === undefined ? '' : text(named, 'name') || text(named, 'kind')
}

/** The edited text within the piece of code around it: `+` alone would not tell which one is meant. */
function placeOf(cut: Cut, parents: readonly Node[], { start, end }: Span): string {
  const around = parents.findLast(({ nodeType, src }) => {
    const span = spanOf(src)
    return !/Block$/.test(nodeType) && span.end - span.start <= 120 && span.start <= start && span.end >= end
  })
  if (around === undefined) return `[${cut({ start, end })}]`
  const whole = spanOf(around.src)
  return `${cut({ start: whole.start, end: start })}[${cut({ start, end })}]${cut({ start: end, end: whole.end })}`
}

type Named = Pick<Mutant, 'file' | 'inside' | 'rule' | 'replacement'> & { place: string }

function idOf({ file, inside, rule, place, replacement }: Named): string {
  const flat = (written: string) => written.replace(/\s+/g, ' ').trim()
  const name = file.split('/').at(-1)?.replace('.sol', '')
  return `${name}.${inside} ${rule}: ${shortened(flat(place))} → ${shortened(flat(replacement)) || 'nothing'}`
}

function shortened(written: string): string {
  return written.length <= 160 ? written : `${written.slice(0, 100)} … ${written.slice(-50)}`
}

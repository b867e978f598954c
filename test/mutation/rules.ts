import { child, children, type Node, type Span, spanOf, text, typeOf } from './ast.ts'

// What can be wrong in one place. A rule gives edits of the text; those that do not compile fall out later.

export type Edit = Span & { rule: string; replacement: string }

/** Text of a span of the file. */
export type Cut = (span: Span) => string

type Rule = (node: Node, parents: readonly Node[], cut: Cut) => Edit[]

const OTHER_OPERATOR: Record<string, readonly string[]> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
  '&&': ['||'],
  '||': ['&&'],
  '+=': ['-=', '='],
  '-=': ['+=', '='],
  '|=': ['&=', '='],
  '>>=': ['<<='],
  '<<=': ['>>='],
  '++': ['--'],
  '--': ['++'],
}

/** Names that one takes for the other. */
const TWINS = [
  ['cashUp', 'cashDown'],
  ['min', 'max'],
  ['first', 'second'],
  ['longTo', 'shortTo'],
  ['from', 'to'],
  ['lo', 'hi'],
  ['start', 'end'],
  ['withStart', 'withEnd'],
  ['even', 'odd'],
  ['cap0', 'cap1'],
  ['topBefore', 'topAfter'],
  ['firstEpoch', 'pokedUntil'],
  ['nameOf', 'symbolOf'],
  ['name', 'symbol'],
  ['owner', 'spender'],
] as const
const TWIN_OF: ReadonlyMap<string, string> = new Map(
  TWINS.flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
)

/** By the order of their arguments nothing changes. */
const SYMMETRIC = /^(min|max)$/

const edit = (rule: string, span: Span, replacement: string): Edit => ({ rule, ...span, replacement })
const spanOfNode = (node: Node): Span => spanOf(node.src)

const operators: Rule = (node, _, cut) => {
  const operator = text(node, 'operator')
  const [left, right] =
    node.nodeType === 'BinaryOperation'
      ? [child(node, 'leftExpression'), child(node, 'rightExpression')]
      : [child(node, 'leftHandSide'), child(node, 'rightHandSide')]
  if (left === undefined || right === undefined) return []
  const gap = { start: spanOfNode(left).end, end: spanOfNode(right).start }
  const start = gap.start + Buffer.byteLength(cut(gap).split(operator)[0] ?? '')
  const span = { start, end: start + operator.length }
  const swapped = (OTHER_OPERATOR[operator] ?? []).map((other) => edit('operator', span, other))
  if (operator !== '&&' && operator !== '||') return swapped
  const whole = spanOfNode(node)
  const kept = [left, right].map((side) => edit('half', whole, cut(spanOfNode(side))))
  return [...swapped, ...kept]
}

const unary: Rule = (node, _, cut) => {
  const operator = text(node, 'operator')
  const { start, end } = spanOfNode(node)
  const length = operator.length
  const at = node.prefix === true ? { start, end: start + length } : { start: end - length, end }
  if (operator === '!' || operator === '~') return [edit('operator', at, '')]
  if (cut(at) !== operator) return []
  return (OTHER_OPERATOR[operator] ?? []).map((other) => edit('operator', at, other))
}

const conditions: Rule = (node, _, cut) => {
  const condition = child(node, 'condition')
  if (condition === undefined) return []
  const span = spanOfNode(condition)
  // A loop without an end tells nothing.
  if (node.nodeType !== 'IfStatement') return [edit('condition', span, 'false')]
  return [`!(${cut(span)})`, 'true', 'false'].map((other) => edit('condition', span, other))
}

const choices: Rule = (node, _, cut) =>
  [child(node, 'trueExpression'), child(node, 'falseExpression')]
    .filter((side) => side !== undefined)
    .map((side) => edit('choice', spanOfNode(node), `(${cut(spanOfNode(side))})`))

/** The statement is gone, with its semicolon. In the head of a loop there is none to take. */
const removal: Rule = (node, parents, cut) => {
  const { start, end } = spanOfNode(node)
  const after = cut({ start: end, end: end + 1 })
  if (parents.at(-1)?.nodeType === 'ForStatement' && after !== ';') return []
  return [edit('removed', { start, end: after === ';' ? end + 1 : end }, '{}')]
}

const uncheckedBlock: Rule = (node) =>
  children(node, 'statements').length > 1 ? [edit('removed', spanOfNode(node), '{}')] : []

const literal: Rule = (node, _, cut) => {
  const span = spanOfNode(node)
  const given = cut(span)
  if (given === 'true' || given === 'false') return [edit('constant', span, String(given !== 'true'))]
  if (text(node, 'kind') !== 'number') return []
  if (/^\d[\d_]*$/.test(given)) {
    const value = BigInt(given.replaceAll('_', ''))
    const near = value === 0n ? [1n] : [value + 1n, value - 1n]
    return near.map((other) => edit('constant', span, String(other)))
  }
  if (/^0x[0-9a-fA-F]+$/.test(given)) {
    const written = (value: bigint) => `0x${value.toString(16).padStart(given.length - 2, '0')}`
    return [BigInt(given) + 1n, BigInt(given) - 1n].map((other) => edit('constant', span, written(other)))
  }
  return ['+', '-'].map((sign) => edit('constant', span, `(${given} ${sign} 1)`))
}

const twin = (rule: string, span: Span, name: string): Edit[] => {
  const other = TWIN_OF.get(name)
  if (other === undefined) return []
  return [edit(/^(cash|min|max)/.test(name) ? 'rounding' : rule, span, other)]
}

const identifier: Rule = (node) => twin('twin', spanOfNode(node), text(node, 'name'))

const member: Rule = (node, parents, cut) => {
  const name = text(node, 'memberName')
  const whole = cut(spanOfNode(node))
  if (/^type\(.*\)\.max$/.test(whole)) return [edit('constant', spanOfNode(node), `(${whole} - 1)`)]
  if (whole === 'msg.sender') return [edit('twin', spanOfNode(node), 'tx.origin')]
  const location = text(node, 'memberLocation')
  if (parents.some(({ nodeType }) => nodeType === 'ImportDirective') || location === '') return []
  return twin('twin', spanOf(location), name)
}

const calls: Rule = (node, _, cut) => {
  const called = child(node, 'expression')
  if (called === undefined || (Array.isArray(node.names) && node.names.length > 0)) return []
  const name = text(called, 'memberName') || text(called, 'name')
  const given = children(node, 'arguments')
  const written = given.map((argument) => cut(spanOfNode(argument)))
  const [a = '', b = ''] = written
  const whole = spanOfNode(node)
  if (name === 'require') return [edit('condition', spanOfNode(given[0] ?? node), `!(${a})`)]
  const edits: Edit[] = []
  if (name === 'ceilDiv') edits.push(edit('rounding', whole, `(${a} / ${b})`))
  if (name === 'saturatingSub') edits.push(edit('rounding', whole, `(${a} - ${b})`))
  const cast = /^toUint(\d+)$/.exec(name)
  const receiver = child(called, 'expression')
  if (cast && receiver) edits.push(edit('cast', whole, `uint${cast[1]}(${cut(spanOfNode(receiver))})`))
  if (SYMMETRIC.test(name)) return edits
  for (const [at, next] of given.slice(1).entries()) {
    const argument = given[at]
    if (argument === undefined || typeOf(argument) !== typeOf(next)) continue
    if (written[at] === written[at + 1]) continue
    const span = { start: spanOfNode(argument).start, end: spanOfNode(next).end }
    const between = cut({ start: spanOfNode(argument).end, end: spanOfNode(next).start })
    edits.push(edit('swapped', span, `${written[at + 1]}${between}${written[at]}`))
  }
  return edits
}

export const RULES: Readonly<Record<string, Rule>> = {
  BinaryOperation: operators,
  Assignment: operators,
  UnaryOperation: unary,
  IfStatement: conditions,
  ForStatement: conditions,
  WhileStatement: conditions,
  Conditional: choices,
  ExpressionStatement: removal,
  EmitStatement: removal,
  Return: removal,
  RevertStatement: removal,
  YulAssignment: removal,
  UncheckedBlock: uncheckedBlock,
  Literal: literal,
  YulLiteral: literal,
  Identifier: identifier,
  MemberAccess: member,
  FunctionCall: calls,
}

// The part of solc's syntax tree that the rules read. Offsets in it are bytes, so texts are cut out of buffers.

export type Node = { nodeType: string; src: string; [key: string]: unknown }

export type Span = { start: number; end: number }

export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null || !('nodeType' in value && 'src' in value)) return false
  return typeof value.nodeType === 'string' && typeof value.src === 'string'
}

/** A child by its name, undefined where there is none. */
export function child(node: Node, name: string): Node | undefined {
  const value = node[name]
  return isNode(value) ? value : undefined
}

export function children(node: Node, name: string): Node[] {
  const value = node[name]
  return Array.isArray(value) ? value.filter(isNode) : []
}

export function text(node: Node, name: string): string {
  const value = node[name]
  return typeof value === 'string' ? value : ''
}

/** What solc says of the type of an expression. */
export function typeOf(node: Node): string {
  const described = node.typeDescriptions
  const given = typeof described === 'object' && described !== null && 'typeString' in described
  return given ? String(described.typeString) : ''
}

export function spanOf(src: string): Span {
  const [start = 0, length = 0] = src.split(':').map(Number)
  return { start, end: start + length }
}

/** Every node, parents first and in the order of the text, with its parents, the nearest last. */
export function* walk(node: Node, parents: readonly Node[] = []): Generator<[Node, readonly Node[]]> {
  yield [node, parents]
  const inside = [...parents, node]
  const below = Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
    .sort((a, b) => spanOf(a.src).start - spanOf(b.src).start)
  for (const next of below) yield* walk(next, inside)
}

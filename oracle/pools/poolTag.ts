export type KnownPool = { name: string; tags: readonly string[] }

/**
 * The name of the pool whose tag stands in a coinbase's input script, the longest tag first. For display only: anybody can
 * write any tag, so no value may depend on it.
 */
export function poolTag(pools: readonly KnownPool[], script: Uint8Array): string | undefined {
  const bytes = Buffer.from(script)
  const tags = pools
    .flatMap(({ name, tags }) => tags.map((tag) => ({ name, tag })))
    .filter(({ tag }) => tag !== '' && bytes.includes(tag))
  return tags.sort((a, b) => b.tag.length - a.tag.length)[0]?.name
}

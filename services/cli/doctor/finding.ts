/** What one look found. A warning is no reason not to go on; what is bad keeps the service from its work, or will soon. */
export type Finding = {
  check: string
  state: 'ok' | 'warn' | 'bad'
  detail: string
  /** What to do, unless all is well. */
  remedy?: string
}

export const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail })
export const warn = (check: string, detail: string, remedy: string): Finding => ({
  ...{ check, state: 'warn', detail, remedy },
})
export const bad = (check: string, detail: string, remedy: string): Finding => ({
  ...{ check, state: 'bad', detail, remedy },
})

/** One line, and the remedy under it. */
export function asText({ check, state, detail, remedy }: Finding): string {
  const line = `${state.padEnd(4)}  ${check.padEnd(12)}  ${detail}`
  return remedy === undefined ? line : `${line}\n${' '.repeat(20)}→ ${remedy}`
}

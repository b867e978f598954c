import type { EngineEvent } from '../../chain/engine/engine.ts'
import type { Output } from './output.ts'

/** Says what became of a chain's programs while they run: words for a person, with `--json` an object a line. */
export function tellEvent(output: Output, { severity, what, component, detail }: EngineEvent): void {
  if (output.json) {
    const where = component === undefined ? {} : { component }
    output.result({ event: what, severity, ...where, detail }, '')
    return
  }
  output.done()
  output.progress(`${severity}: ${what}${component === undefined ? '' : ` (${component})`}: ${detail}`)
  output.done()
}

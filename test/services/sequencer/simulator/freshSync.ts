import { formatRow } from '../../../../services/runtime/database/rowText.ts'
import type { SequencerStore } from '../../../../services/sequencer/store.ts'
import { BrokenPromiseError } from './errors.ts'
import { headOf } from './l1Chain.ts'
import { settled } from './schedule.ts'
import { startService } from './service.ts'
import { everybody, type World } from './world.ts'

const limitMs = 60_000

/** (d): a service with an empty store, which sends nothing, comes to the same messages and the same head from the chains alone. */
export async function checkFreshSync(world: World): Promise<void> {
  const { schedule, run, broken } = world
  if (run.store === undefined) return
  // L1 stands still now: the service comes to rest, once it has read what L2 has.
  const longest = schedule.now() + limitMs
  let rest = schedule.now() + 5_000
  let looked = schedule.now()
  while (schedule.now() < rest && schedule.now() < longest && broken.length === 0) {
    schedule.after(1_000, everybody, 'rest', () => {})
    await schedule.step()
    if (schedule.now() === looked) continue
    looked = schedule.now()
    if ((await run.store.l2Head())?.hash !== headOf(world.l2).hash) rest = schedule.now() + 5_000
  }
  const grown = await contents(run.store)
  run.owner.alive = false
  let ended = 'it runs'
  world.parts.onEnd = (reason) => {
    ended = reason
  }
  const fresh = startService(world.parts, 'fresh ')
  world.run = fresh
  await settled()
  const end = schedule.now() + limitMs
  let newest = ''
  let next = schedule.now()
  schedule.after(limitMs + 1, everybody, 'end', () => {})
  while (schedule.now() < end && broken.length === 0) {
    if (!(await schedule.step())) break
    if (schedule.now() < next || fresh.store === undefined) continue
    next = schedule.now() + 1_000
    newest = await contents(fresh.store)
    if (newest === grown) return
  }
  throw new BrokenPromiseError('the store equals a fresh sync', `${difference(grown, newest)}; ${ended}`)
}

/** All that the chains decide, without the way to it. */
async function contents(store: SequencerStore): Promise<string> {
  const rows: string[] = []
  for await (const { history: _, ...message } of store.messages()) rows.push(formatRow(message))
  // A long history is read in pages, and of each only its last header is kept.
  rows.push(formatRow((await store.l2Head()) ?? null))
  return rows.sort().join('\n')
}

function difference(grown: string, fresh: string): string {
  const [one, other] = [new Set(grown.split('\n')), new Set(fresh.split('\n'))]
  const only = (rows: Set<string>, not: Set<string>) => [...rows].filter((row) => !not.has(row)).slice(0, 2)
  return `only grown ${only(one, other)};\n only fresh ${only(other, one)}`
}

import { buildOrSkip } from '../chain/engine/opstack/fixture.ts'
import { type EngineName, engines, type RunningNetwork, startNetwork } from './network.ts'

// One network for all test files of a run that ask for it, on the engine that HASHSAND_ENGINE names. It starts at the first use and stops
// after the last. Whoever uses it leaves the network as it is: own accounts, nothing killed, no clock moved.

const startSeconds = 180
const buildSeconds = 25 * 60

export const engine: EngineName = engineOf(process.env.HASHSAND_ENGINE ?? 'anvil')

/** Reads the network. Only inside of a test or of a hook. */
export type SharedNetwork = () => RunningNetwork

let starting: Promise<RunningNetwork> | undefined
let running: RunningNetwork | undefined
let waiting = 0
let unavailable = false
const openings: ((network: RunningNetwork) => void)[] = []

/** To be called in a `describe`: its tests have the network, or are skipped on a machine that has not what the engine needs. */
export function sharedNetwork(): SharedNetwork {
  waiting++
  before(async function () {
    if (engine === 'op-stack' && starting === undefined) {
      this.timeout(buildSeconds * 1_000)
      // Said once: it is the same for all.
      if (unavailable) this.skip()
      unavailable = true
      await buildOrSkip(this)
      unavailable = false
    }
    this.timeout(startSeconds * 1_000)
    starting ??= open()
    await starting
  })
  after(async function () {
    this.timeout(startSeconds * 1_000)
    waiting--
    if (waiting === 0) await close()
  })
  return () => {
    if (running === undefined) throw new Error('the network is not up: use it inside of a test')
    return running
  }
}

/**
 * Something that takes minutes. All stories begin when the network is up, side by side, so that their waiting times overlap; the test
 * that calls the answer waits for the end.
 */
export function story<Outcome>(tell: (network: RunningNetwork) => Promise<Outcome>): () => Promise<Outcome> {
  let told: Promise<Outcome> | undefined
  openings.push((network) => {
    told = tell(network)
    // Its test reports the failure.
    told.catch(() => {})
  })
  return () => {
    if (told === undefined) throw new Error('the story has not begun: sharedNetwork() is missing')
    return told
  }
}

/** A test whose body is a story: it waits for blocks while others do. */
export function itMeanwhile(title: string, tell: (network: RunningNetwork) => Promise<void>): void {
  const told = story(tell)
  it(title, () => told())
}

async function open(): Promise<RunningNetwork> {
  running = await startNetwork({ engine })
  // Ctrl-C on the tests must not leave a network behind.
  process.once('exit', interruptNow)
  for (const begin of openings) begin(running)
  return running
}

async function close(): Promise<void> {
  const network = running
  if (network === undefined) return
  running = undefined
  starting = undefined
  process.removeListener('exit', interruptNow)
  await network.stop()
}

function interruptNow(): void {
  running?.command.child.kill('SIGINT')
}

function engineOf(name: string): EngineName {
  const known = engines.find((engineName) => engineName === name)
  if (known === undefined) throw new Error(`HASHSAND_ENGINE is ${name}; it is one of ${engines.join(', ')}`)
  return known
}

// With --grep the last describe may never run, and so not stop it.
after(async function () {
  this.timeout(startSeconds * 1_000)
  await close()
})

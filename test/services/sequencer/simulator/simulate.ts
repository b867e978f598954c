import { BaseError } from '../../../../chain/errors.ts'
import { befallL1, breakTargets, proposeShared, recover, replayFailed } from './befalls.ts'
import { checkEndState, unfinished } from './endState.ts'
import { BrokenPromiseError } from './errors.ts'
import type { Fault } from './faults.ts'
import { checkFreshSync } from './freshSync.ts'
import { mineL1 } from './l1Chain.ts'
import { operate } from './operator.ts'
import { followL1 } from './opNode.ts'
import { replaceTimers, settled } from './schedule.ts'
import { createWorld, type Engine, everybody, start, useBridge, type World } from './world.ts'

export type Outcome = {
  seed: number
  engine: Engine
  /** What the service broke, or undefined. */
  broken: string | undefined
  faults: ReadonlyMap<Fault, number>
  deposits: number
  withdrawals: number
  runs: number
  /** How often the service went on in the same process after its disk was full. */
  outlasted: number
  /** How often it halted because L1 had taken back more than it may follow by itself. */
  halts: number
  happenings: number
  /** Over everything that happened, in its order: two runs of one seed have the same. */
  trace: string
  virtualSeconds: number
  lines: readonly string[]
}

const blockMs = 1_000
const blocksOfUse = 20
const blocksOfFaults = 30
/** Blocks without a fault after which all has to be done. */
const blocksOfCalm = 400

/** One history of both chains and the service, from one number. */
export async function simulate(seed: number): Promise<Outcome> {
  const engine: Engine = seed % 3 === 2 ? 'op-stack' : 'anvil'
  const world = createWorld(seed, { engine, share: 0.25 })
  const restore = replaceTimers(world.schedule, () => world.run.owner)
  try {
    breakTargets(world)
    start(world)
    await settled()
    await live(world)
    if (world.broken.length === 0) await checkEndState(world)
    if (world.broken.length === 0) await checkFreshSync(world)
  } catch (error) {
    world.broken.push(error)
  } finally {
    world.run.owner.alive = false
    restore()
  }
  const { count, hash } = world.schedule.trace()
  return {
    ...{ seed, engine, faults: world.faults.counts, lines: world.lines },
    ...{ runs: world.runs, outlasted: world.outlasted, halts: world.halts },
    broken: world.broken.length === 0 ? undefined : words(world.broken[0]),
    deposits: world.l2.plans.size,
    withdrawals: world.l2.blocks.at(-1)?.state.withdrawals.length ?? 0,
    ...{ happenings: count, trace: hash, virtualSeconds: world.schedule.now() / 1_000 },
  }
}

async function live(world: World): Promise<void> {
  const { schedule, broken } = world
  let isDone = false
  let blocks = 0
  const slot = () => {
    if (isDone) return
    blocks += 1
    oneBlock(world, blocks)
    schedule.after(blockMs, everybody, 'L1 block', slot)
  }
  schedule.after(blockMs, everybody, 'L1 block', slot)
  let asked = 0
  while (!isDone && broken.length === 0) {
    await schedule.step()
    if (blocks === asked) continue
    asked = blocks
    if (!world.faults.isCalm()) continue
    const missing = await unfinished(world)
    isDone = missing === undefined
    if (blocks > blocksOfFaults + blocksOfCalm && missing !== undefined) {
      throw new BrokenPromiseError('nothing is stuck', missing)
    }
  }
}

function oneBlock(world: World, number: number): void {
  if (number <= blocksOfUse) useBridge(world)
  if (number === blocksOfFaults) {
    world.faults.calm()
    recover(world)
  }
  if (number > blocksOfFaults && number % 5 === 0) replayFailed(world)
  if (!world.faults.isCalm()) befallL1(world)
  operate(world)
  try {
    if (world.engine === 'op-stack') proposeShared(world)
    mineL1(world.l1)
    // Twice, so that L2 catches up.
    if (world.engine === 'op-stack') for (let slot = 0; slot < 2; slot++) followL1(world.l2)
  } catch (error) {
    world.broken.push(error)
  }
}

function words(error: unknown): string {
  if (error instanceof BaseError) return `${error.name}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

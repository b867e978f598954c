import { decodeFunctionData, type Hex, keccak256, toHex } from 'viem'
import type { DumpStore } from '../../../../chain/engine/anvil/dump.ts'
import { StateNotSavedError } from '../../../../chain/engine/errors.ts'
import { outputProposer } from '../../../../chain/generated/abi.ts'
import type { ReorganisationTooDeepError } from '../../../../services/sequencer/errors.ts'
import { request } from '../../../../services/sequencer/network.ts'
import { depositTransaction, mimickedDeposit, planDeposit } from './deposits.ts'
import { createDisk, type Disk } from './disk.ts'
import { answerEmbedded } from './embedded.ts'
import { BrokenPromiseError, UnknownToModelError } from './errors.ts'
import { createFaults, type Fault, type Faults } from './faults.ts'
import { createL1, headOf, type L1Chain } from './l1Chain.ts'
import { answerL1 } from './l1Rpc.ts'
import { createL2, type L2Block, type L2Chain, rootOf, type UserTx } from './l2Chain.ts'
import { answerL2, changesL2 } from './l2Rpc.ts'
import { lying } from './liar.ts'
import { finalDepth, l1Url, l2Url, manifestOf, l1 as places, same, secret } from './places.ts'
import { type Random, randomFrom } from './random.ts'
import { createSchedule, type Owner, type Schedule } from './schedule.ts'
import { type Run, type ServiceParts, startService } from './service.ts'
import { readSigned } from './signed.ts'
import type { Node } from './wire.ts'
import { planWithdrawal } from './withdrawals.ts'

export type Engine = 'anvil' | 'op-stack'

/** Both chains, the service, and what befalls them. */
export type World = {
  engine: Engine
  random: Random
  faults: Faults
  schedule: Schedule
  l1: L1Chain
  l2: L2Chain
  disk: Disk
  /** L2 as the newest dump has it. */
  dumped: L2Block[]
  isNodeUp: boolean
  run: Run
  runs: number
  /** How often the service went on by itself after its disk was full. */
  outlasted: number
  /** The most that L2 goes back without the operator's word. */
  policy: bigint
  /** How often that was not enough. */
  halts: number
  parts: ServiceParts
  broken: unknown[]
  lines: string[]
  /** So that each message differs. */
  messages: number
}

/** What is nobody's, and never dies. */
export const everybody: Owner = { alive: true, pausedUntil: 0 }

export function createWorld(seed: number, { engine, share }: { engine: Engine; share: number }): World {
  const random = randomFrom(seed)
  const faults = createFaults(random, share)
  const schedule = createSchedule(random, (owner) => befall(world, owner))
  const l1 = createL1(random, faults)
  const l2 = createL2(l1, engine === 'op-stack')
  const disk = createDisk({ schedule, random, faults })
  const start = l1.blocks[1]?.hash
  const genesis = l2.blocks[0]
  if (start === undefined || genesis === undefined) throw new UnknownToModelError('a chain without blocks')
  const saved = new Map<Hex, L2Block[]>()
  const broken: unknown[] = []
  const lines: string[] = []
  const node: Node = {
    url: l1Url,
    changes: ['eth_sendRawTransaction'],
    isUp: () => true,
    answer: (method, given) => {
      if (method === 'eth_sendRawTransaction') {
        demandOnDisk(disk, String(given[0]))
        demandBound(l2, given[0] as Hex)
      }
      return answerL1(l1, faults, method, given)
    },
  }
  const parts: ServiceParts = {
    ...{ schedule, random, faults, disk },
    manifest: manifestOf(engine, start, genesis.hash),
    nodes: {
      // In some runs the service asks three nodes, of which one lies.
      l1: random.chance(0.1) ? [lying(node, { faults, random }), node, node] : [node],
      l2: {
        url: l2Url,
        changes: changesL2,
        isUp: () => world.isNodeUp,
        answer: (method, given) => {
          const isSigned = method === 'eth_sendRawTransaction' && String(given[0]).startsWith('0x02')
          if (isSigned) demandOnDisk(disk, String(given[0]))
          return engine === 'anvil'
            ? answerEmbedded(l2, { saved, faults, policy: world.policy }, method, given)
            : answerL2(l2, faults, method, given)
        },
      },
    },
    dumpsOf: engine === 'anvil' ? (owner) => dumpsOf(world, saved, owner) : undefined,
    onBug: (error) => broken.push(error),
    onLine: (line) => {
      lines.push(line)
      if (line.includes(secret)) broken.push(new Error(`a secret in a line of the log: ${line}`))
    },
    policy: () => world.policy,
    onHalt: (error) => liftPolicy(world, error),
    onRoom: () => {
      world.outlasted += 1
    },
    onEnd: (reason) => restart(world, reason),
  }
  const run: Run = {
    owner: { alive: false, pausedUntil: 0 },
    core: undefined,
    store: undefined,
    stop: () => {},
  }
  const state = { dumped: l2.blocks.slice(), isNodeUp: true, runs: 0, outlasted: 0, messages: 0 }
  const policy = random.chance(0.5) ? BigInt(1 + random.below(4)) : finalDepth
  const world: World = {
    engine,
    random,
    faults,
    schedule,
    l1,
    l2,
    disk,
    run,
    parts,
    broken,
    lines,
    ...state,
    policy,
    halts: 0,
  }
  return world
}

function demandOnDisk(disk: Disk, raw: string): void {
  if (!disk.holds(raw)) throw new BrokenPromiseError('what is sent is on disk', raw)
}

/** Else L1 would take the root even once it has given up what the L2 block stands on. */
function demandBound(l2: L2Chain, raw: Hex): void {
  const { to, data } = readSigned(raw, 900, new Map())
  if (!same(to, places.OutputProposer)) return
  const { args } = decodeFunctionData({ abi: outputProposer.abi, data })
  const [root, number, , bound] = args as [Hex, bigint, Hex, bigint]
  const block = l2.blocks[Number(number)]
  if (block === undefined || rootOf(block) !== root || block.state.origin.number <= bound) return
  throw new BrokenPromiseError(
    'a root is bound to its origin or a block above it',
    `block ${number} of origin ${block.state.origin.number}, bound to ${bound}`,
  )
}

function dumpsOf(world: World, saved: Map<Hex, L2Block[]>, owner: Owner): DumpStore {
  const unknown = (what: string) => () => Promise.reject(new UnknownToModelError(what))
  return {
    save: async (client) => {
      const id = await request<Hex>(client, 'anvil_dumpState', [false])
      const blocks = saved.get(id) ?? []
      saved.delete(id)
      const put = () => {
        world.dumped = blocks
      }
      await world.disk.writeFile('dump', owner, put).catch((cause: unknown) => {
        throw new StateNotSavedError('dump', cause)
      })
      const head = headOf({ blocks })
      return { path: 'dump', number: head.number, hash: head.hash }
    },
    latest: unknown('the newest dump'),
    extract: unknown('an extracted dump'),
    repair: unknown('a repaired dump'),
  }
}

/* THE SERVICE LIVES AND DIES */

export function start(world: World): void {
  if (!world.isNodeUp) return
  world.runs += 1
  world.run = startService(world.parts)
}

const restartMs = 500

function restart(world: World, reason: string): void {
  world.run.owner.alive = false
  world.schedule.after(restartMs, everybody, `restart after ${reason}`, () => start(world))
}

/** Before anything happens to the service it may be killed, or stopped, or held up: so it is killed at every point at which it waits. */
function befall(world: World, owner: Owner): void {
  const { faults, random, run } = world
  if (owner !== run.owner) return
  if (faults.strikes('process.killed')) kill(world, 'kill')
  else if (mayLoseNode(world) && faults.strikes('process.killed-with-node')) {
    kill(world, 'kill of both')
    loseNode(world)
  } else if (faults.strikes('process.stopped')) run.stop()
  else if (faults.strikes('process.paused'))
    owner.pausedUntil = world.schedule.now() + 1_000 + random.below(60_000)
}

/** The operator looks at L1, finds that it is right, and starts the service again with leave to go so far. */
function liftPolicy(world: World, { depth }: ReorganisationTooDeepError): void {
  const { l1, l2, engine } = world
  const top = headOf(l2).state.origin.number
  const stands = l2.blocks.some(
    ({ state: { origin } }) =>
      origin.number > top - depth && l1.blocks[Number(origin.number)]?.hash === origin.hash,
  )
  if (depth <= world.policy || (engine === 'anvil' && stands)) {
    world.broken.push(new BrokenPromiseError('it halts for a reason', `after ${depth} of ${world.policy}`))
  }
  world.policy = depth
  world.halts += 1
}

function kill(world: World, reason: string): void {
  world.disk.crash()
  restart(world, reason)
}

/** The embedded L2 can't go back behind a restart of its node: what a dump holds has to be on L1. */
function mayLoseNode({ engine, dumped, l1 }: World): boolean {
  if (engine !== 'anvil') return false
  const { origin } = headOf({ blocks: dumped }).state
  return origin.number === 0n || l1.blocks[Number(origin.number)]?.hash === origin.hash
}

function loseNode({ l2, dumped }: World): void {
  l2.blocks = dumped.slice()
  l2.pool = []
  l2.base = dumped.length - 1
}

/* USERS */

export function useBridge(world: World): void {
  const { random } = world
  if (random.chance(0.5)) for (let more = 1 + random.below(3); more > 0; more--) deposit(world)
  if (random.chance(0.4)) for (let more = 1 + random.below(3); more > 0; more--) withdraw(world)
}

const outcomes: [Fault, 'refused' | 'reverts' | 'relay-fails'][] = [
  ['deposit.refused', 'refused'],
  ['deposit.reverts', 'reverts'],
  ['deposit.relay-fails', 'relay-fails'],
]

function deposit(world: World): void {
  const { random, faults, l1, l2 } = world
  world.messages += 1
  // A real node refuses nothing: what its sender can't pay fails in its block.
  const found = outcomes.find(
    ([fault, outcome]) => (outcome !== 'refused' || world.engine === 'anvil') && faults.strikes(fault),
  )
  const plan = planDeposit(random, world.messages, found?.[1] ?? 'delivered')
  const transaction = depositTransaction(plan, world.messages)
  if (faults.strikes('deposit.mimicked')) l1.waiting.push(mimickedDeposit(plan, world.messages))
  l2.plans.set(transaction.hash, plan)
  l1.waiting.push(transaction)
}

function withdraw(world: World): void {
  const { random, faults, l2, run, engine } = world
  world.messages += 1
  const plan = planWithdrawal(random, faults.strikes('withdrawal.hostile'))
  const raw = toHex(`user ${world.messages}`)
  const tx: UserTx = { kind: 'user', hash: keccak256(raw), raw, plan }
  l2.users.set(raw, tx)
  if (engine === 'op-stack') l2.pool.push(tx)
  const network = run.owner.alive ? run.core?.network : undefined
  if (engine === 'op-stack' || network === undefined) return
  // A user's request may fail like any other.
  network.gate.read(() => request(network.l2, 'eth_sendRawTransaction', [raw])).catch(() => {})
}

import { setTimeout as sleep } from 'node:timers/promises'
import { formatUnits, parseEther } from 'viem'
import { depositEtherCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { depositsOf, readWithdrawalState, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { buildOpStack } from '../../chain/opstack/build.ts'
import { GoMissingError, GoTooOldError } from '../../chain/opstack/errors.ts'
import { cacheFolder } from '../../services/cli/context.ts'
import { sandbox } from '../support/devnet.ts'
import { type EngineName, engines, type RunningNetwork, startNetwork, type User } from '../support/network.ts'
import type { Bench, Peer, Stage } from './bench.ts'
import { escrowLoad, transferLoad } from './engineLoads.ts'
import type { Load } from './load.ts'
import { pidsOf, residentMb } from './memory.ts'

/** What whoever outgrows the one and moves to the other wants to know, measured on both, one after the other. */
export const engineBench: Bench = {
  name: 'engine',
  run: async (stage) => {
    const measured = new Map<string, number>()
    for (const engine of engines) {
      if (engine === 'op-stack' && !(await canBuild(stage))) continue
      await benchEngine(engine, memorising(stage, measured))
    }
  },
}

/** Figures of both engines have one name, so that the second is shown beside the first. */
type EngineStage = Stage & {
  figure(
    engine: EngineName,
    name: string,
    value: number,
    unit: string,
    rest?: { better?: 'higher'; budget?: number; peer?: Peer | undefined },
  ): void
}

function memorising(stage: Stage, measured: Map<string, number>): EngineStage {
  return {
    ...stage,
    figure: (engine, name, value, unit, { better, budget, peer } = {}) => {
      const other = measured.get(name)
      measured.set(name, value)
      const beside =
        other === undefined ? undefined : { name: 'engine anvil', value: other, source: 'this run' }
      stage.measured({
        case: `${engine}: ${name}`,
        value,
        unit,
        better: better ?? 'lower',
        ...(budget === undefined ? {} : { budget }),
        peer: peer ?? beside,
      })
    },
  }
}

const section = 'reference/opstack.md §3.4'
const recipe = (value: number): Peer => ({ name: 'the same recipe by hand', value, source: section })
/** Megabytes of the programs in that recipe. */
const recipeMb: Record<string, number> = {
  'op-geth': 127,
  'op-node': 64,
  'op-batcher': 40,
  'op-proposer': 36,
  'anvil L1': 32,
}

async function canBuild({ say }: Stage): Promise<boolean> {
  try {
    await buildOpStack({ cacheDir: cacheFolder(), environment: process.env, onProgress: say })
    return true
  } catch (error) {
    if (!(error instanceof GoMissingError || error instanceof GoTooOldError)) throw error
    say(`skipped engine op-stack: ${error.message}`)
    return false
  }
}

async function benchEngine(engine: EngineName, stage: EngineStage): Promise<void> {
  stage.say(`engine ${engine}: starting from nothing`)
  const box = await sandbox()
  let network: RunningNetwork | undefined
  try {
    let begin = Date.now()
    network = await startNetwork({ engine, box })
    stage.figure(engine, 'start-up from nothing', secondsSince(begin), 's', { budget: 60 })

    const user = await network.newUser({ ether: parseEther('10') })
    await Promise.all([benchWithdrawal(network, user, stage), benchDeposits(network, stage)])
    await benchMemory(network, stage)

    stage.say(`engine ${engine}: kill -9 of everything, and again`)
    await killAll(network)
    begin = Date.now()
    network = await startNetwork({ engine, box })
    const peer = engine === 'op-stack' ? recipe(5) : undefined
    stage.figure(engine, 'start-up after kill -9 of all', secondsSince(begin), 's', { budget: 5, peer })

    const { gasLimit } = await network.l2.getBlock()
    stage.say(`engine ${engine}: block gas limit ${gasLimit}`)
    report(stage, engine, 'transfer', await transferLoad(network, user, stage))
    report(stage, engine, 'escrow', await escrowLoad(network, user, stage))
    await network.stop()
    network = undefined
  } finally {
    if (network !== undefined) await killAll(network)
    await box.remove()
  }
}

const deposits = 5

async function benchDeposits(network: RunningNetwork, stage: EngineStage): Promise<void> {
  const { manifest, l1, l2, engine } = network
  const user = await network.newUser()
  const call = depositEtherCall({ manifest, amount: 1n, to: user.address })
  const took: number[] = []
  for (let count = 0; count < deposits; count++) {
    // At any moment of a block's time, as users come.
    await sleep(Math.random() * manifest.l1.blockTimeSeconds * 1_000)
    const begin = Date.now()
    const hash = await user.l1.sendTransaction({ ...call, gas: 3_000_000n })
    const receipt = await l1.waitForTransactionReceipt({ hash, pollingInterval: 50 })
    const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
    if (deposit === undefined) throw new Error(`${hash} holds no deposit`)
    while ((await receiptOf(l2, deposit.hash)) === undefined) await sleep(50)
    took.push(secondsSince(begin))
  }
  const median = took.toSorted((a, b) => a - b)[deposits >> 1] ?? 0
  const peer = engine === 'op-stack' ? recipe(4.5) : undefined
  stage.figure(engine, `deposit to L2, median of ${deposits}`, median, 's', { peer })
}

/** From the sending on L2 on. The service proves and finalises; the recipe's waiting time was 12 s. */
async function benchWithdrawal(network: RunningNetwork, user: User, stage: EngineStage): Promise<void> {
  const { manifest, l1, l2, engine, patience } = network
  const period = manifest.bridge.finalizationPeriodSeconds
  const begin = Date.now()
  const hash = await user.l2.sendTransaction(withdrawEtherCall({ amount: 1n, to: user.address }))
  const receipt = await l2.waitForTransactionReceipt({ hash, pollingInterval: 50 })
  const [withdrawal] = withdrawalsOf(receipt)
  if (withdrawal === undefined) throw new Error(`${hash} holds no withdrawal`)
  let provable: number | undefined
  for (;;) {
    const state = await readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal })
    if (provable === undefined && state !== 'seen') provable = secondsSince(begin)
    if (state === 'finalised') break
    if (secondsSince(begin) > patience.finalSeconds)
      throw new Error(`the withdrawal is ${state} after minutes`)
    await sleep(100)
  }
  const finalised = secondsSince(begin)
  if (provable === undefined) throw new Error('unreachable: finalised and never provable')
  const real = engine === 'op-stack'
  stage.figure(engine, 'withdrawal to provable', provable, 's', { peer: real ? recipe(34.8) : undefined })
  stage.say(`engine ${engine}: the finalisation period is ${period} s; in the recipe by hand it was 12 s`)
  stage.figure(engine, `withdrawal to finalised by the service`, finalised, 's', {
    peer: real ? recipe(50.1) : undefined,
  })
  stage.figure(engine, 'provable to finalised, beyond the period', finalised - provable - period, 's', {
    peer: real ? recipe(3.3) : undefined,
  })
}

async function benchMemory(network: RunningNetwork, stage: EngineStage): Promise<void> {
  const { engine } = network
  const found = residentMb(network)
  for (const [name, megabytes] of [...found].toSorted(([a], [b]) => a.localeCompare(b))) {
    const known = engine === 'op-stack' ? recipeMb[name] : undefined
    const peer = known === undefined ? undefined : recipe(known)
    stage.figure(engine, `memory of ${name}`, megabytes, 'MB', { peer })
  }
  const all = [...found.values()].reduce((sum, megabytes) => sum + megabytes, 0)
  stage.figure(engine, 'memory of all', all, 'MB')
}

/** Figures of §7: one node alone, one request to send and one to mine each. */
const serial: Peer = {
  name: 'anvil alone, a send and a mine each',
  value: 201,
  source: 'reference/opstack.md §7',
}

function report(stage: EngineStage, engine: EngineName, what: string, load: Load): void {
  const { transactionsPerSecond, gasPerSecond, fullness, included, refused } = load
  const peer = engine === 'anvil' && what === 'transfer' ? serial : undefined
  stage.figure(engine, `${what}s in blocks`, transactionsPerSecond, 'tx/s', { better: 'higher', peer })
  stage.figure(engine, `gas of ${what}s`, gasPerSecond / 1e6, 'Mgas/s', { better: 'higher' })
  stage.figure(engine, `block gas used by ${what}s`, fullness * 100, '%', { better: 'higher' })
  const gas = formatUnits(BigInt(Math.round(gasPerSecond / Math.max(transactionsPerSecond, 1))), 0)
  stage.say(
    `engine ${engine}: ${included} ${what}s included, ${gas} gas each, refused for now ${refused} times`,
  )
  stage.say(`engine ${engine}: what holds back ${what}s is ${limitOf(load)}`)
}

/** Blocks whose last transactions found no room for the gas that they state. */
const full = 0.85

function limitOf({ fullness, starved, clientBusy }: Load): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`
  if (fullness > full) return 'the block gas limit'
  if (clientBusy > 0.8) return `this client, busy ${percent(clientBusy)} of the time`
  if (starved > 0.5) return `the RPC, which took them no faster (the client was busy ${percent(clientBusy)})`
  return `the making of blocks on this machine (the pool was well filled ${percent(1 - starved)} of the time)`
}

async function killAll(network: RunningNetwork): Promise<void> {
  const pids = pidsOf(network)
  await network.command.killTree().catch(() => {})
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone with its group.
    }
  }
}

function secondsSince(begin: number): number {
  return (Date.now() - begin) / 1_000
}

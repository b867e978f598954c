import { type Address, encodeFunctionData, keccak256 } from 'viem'
import { optimismPortalAbi } from '../../../../chain/generated/opAbi.ts'
import { NodeRefusalError, RevertError } from './errors.ts'
import { acceptTransaction, headOf, reorganiseL1, type WorldTransaction } from './l1Chain.ts'
import { callL1 } from './l1Contracts.ts'
import { rootOf } from './l2Chain.ts'
import { giveUp } from './opNode.ts'
import {
  bystander,
  confirmations,
  finalDepth,
  hashOf,
  keyOf,
  l1,
  periodSeconds,
  submissionInterval,
  targets,
} from './places.ts'
import type { KeyTransaction } from './signed.ts'
import type { World } from './world.ts'

// What befalls L1 beside the service, decided once a block.

export function befallL1(world: World): void {
  const { faults, l1: chain, random } = world
  if (faults.strikes('l1.reorganised')) {
    const depth = 1 + random.below(Number(confirmations))
    // Twice in a row they reach what L2 stands on as well.
    if (mayGoBack(world, depth)) reorganise(world, depth)
  } else if (faults.strikes('l1.reorganised-behind-l2')) {
    // Blocks that L2 is behind, and of those above that some, but none that counts as final.
    const behind = Number(headOf(chain).number - headOf(world.l2).state.origin.number)
    const most = Number(finalDepth) - 2 - behind
    const depth = behind + 1 + random.below(Math.max(most, 1))
    if (most > 0 && mayGoBack(world, depth)) reorganise(world, depth)
  }
  if (faults.strikes('l1.fee-spike')) chain.dearBlocks = 4 + random.below(10)
  if (faults.strikes('l1.nonce-used-elsewhere')) useNonce(world)
  if (faults.strikes('l1.root-deleted')) chain.waiting.push(deletion(world))
  if (faults.strikes('l1.portal-paused')) pause(world, true)
  else if (random.chance(0.2)) pause(world, false)
  if (faults.strikes('withdrawal.by-somebody-else')) copySomebody(world)
  if (faults.strikes('withdrawal.spent-by-somebody-else')) finaliseAny(world)
}

function reorganise(world: World, depth: number): void {
  reorganiseL1(world.l1, depth)
  if (world.engine === 'op-stack') giveUp(world.l2)
}

/** The embedded L2 goes back as far as its node's state does. */
function mayGoBack({ engine, l1: chain, l2 }: World, depth: number): boolean {
  const stays = BigInt(chain.blocks.length - 1 - depth)
  if (stays < 2n) return false
  return engine === 'op-stack' || stays >= (l2.blocks[l2.base]?.state.origin.number ?? 0n)
}

/** Somebody else has the key as well, and pays more. */
function useNonce({ l1: chain, random }: World): void {
  const from: Address = random.pick([keyOf.sequencer, keyOf.proposer])
  const nonce = headOf(chain).state.nonces.get(from) ?? 0
  const fee = 400_000_000_000n
  const foreign: KeyTransaction = {
    hash: hashOf('foreign', from, nonce, chain.salt),
    ...{
      from,
      nonce,
      to: bystander,
      data: '0x',
      gas: 21_000n,
      maxFeePerGas: fee,
      maxPriorityFeePerGas: fee,
      isForeign: true,
    },
  }
  try {
    acceptTransaction(chain, foreign)
  } catch (error) {
    if (!(error instanceof NodeRefusalError)) throw error
  }
}

/** The challenger takes the newest output away while it may. */
function deletion({ l1: chain }: World): WorldTransaction {
  return {
    hash: hashOf('deletion', chain.salt),
    from: bystander,
    run: (state, { timestamp }) => {
      const newest = state.outputs.at(-1)
      if (newest === undefined || timestamp - newest.timestamp >= periodSeconds)
        throw new RevertError('too late')
      state.outputs.pop()
    },
  }
}

function pause({ l1: chain }: World, isPaused: boolean): void {
  if (headOf(chain).state.isPaused === isPaused) return
  chain.waiting.push({
    hash: hashOf('pause', isPaused ? 1 : 0, chain.salt),
    from: bystander,
    run: (state) => {
      state.isPaused = isPaused
    },
  })
}

/** Anybody may prove and finalise: here just before the service does. */
function copySomebody({ l1: chain }: World): void {
  const [first] = chain.pool.get(keyOf.sequencer)?.values() ?? []
  if (first === undefined) return
  const { to, data } = first
  chain.waiting.unshift({
    hash: hashOf('copy', chain.salt),
    from: bystander,
    run: (state, environment) => void callL1(state, { to, data }, environment),
  })
}

/** Anybody may finalise what is proven, whether its call has an effect now or not. */
function finaliseAny({ l1: chain, l2, random }: World): void {
  const { proven, finalised } = headOf(chain).state
  const open = headOf(l2).state.withdrawals.filter(({ hash }) => proven.has(hash) && !finalised.has(hash))
  const chosen = open[random.below(open.length)]
  if (chosen === undefined) return
  const data = encodeFunctionData({
    abi: optimismPortalAbi,
    functionName: 'finalizeWithdrawalTransaction',
    args: [chosen.transaction],
  })
  chain.waiting.push({
    hash: hashOf('finalised by anybody', data, chain.salt),
    from: bystander,
    run: (state, environment) => void callL1(state, { to: l1.OptimismPortal, data }, environment),
  })
}

/** Targets that revert, before the first block of the run. */
export function breakTargets({ l1: chain, faults }: World): void {
  for (const target of targets) {
    if (faults.strikes('withdrawal.target-reverts')) headOf(chain).state.reverting.add(target)
  }
}

/** All is well from now on, and who repairs things repairs them. */
export function recover(world: World): void {
  const { l1: chain } = world
  chain.dearBlocks = 0
  world.l2.isRepaired = true
  pause(world, false)
  chain.waiting.push({
    hash: hashOf('recovery', chain.salt),
    from: bystander,
    run: (state) => {
      state.isPaused = false
      state.reverting.clear()
    },
  })
}

/** Delivers what the messenger could not: users do so where the service does not. */
export function replayFailed({ l1: chain, l2 }: World): void {
  const { failed, relayed, reverting } = headOf(chain).state
  if (reverting.size > 0) return
  for (const { transaction } of headOf(l2).state.withdrawals) {
    const name = keccak256(transaction.data)
    if (!failed.has(name) || relayed.has(name)) continue
    chain.waiting.push({
      hash: hashOf('replay', name, chain.salt),
      from: bystander,
      run: (state, environment) =>
        void callL1(state, { to: l1.L1CrossDomainMessenger, data: transaction.data }, environment),
    })
  }
}

/** What op-proposer does on the engine whose roots are not the service's. */
export function proposeShared({ l1: chain, l2 }: World): void {
  chain.waiting.push({
    hash: hashOf('proposal', chain.salt),
    from: bystander,
    run: (state, { timestamp }) => {
      const number = (state.outputs.at(-1)?.l2Block ?? 0n) + submissionInterval
      const block = l2.blocks[Number(number)]
      // Safe is what L1 can hardly take back.
      const isSafe = block !== undefined && block.state.origin.number + confirmations <= headOf(chain).number
      if (!isSafe) throw new RevertError('L2OutputOracle: not yet')
      state.outputs.push({ root: rootOf(block), l2Block: number, timestamp })
    },
  })
}

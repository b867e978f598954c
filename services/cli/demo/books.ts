import { erc20Abi } from 'viem'
import { l1StandardBridgeAbi } from '../../../chain/generated/opAbi.ts'
import { UnbalancedError } from '../errors.ts'
import { waitFor } from '../wait.ts'
import { pairOf } from './price.ts'
import { sum } from './series.ts'
import type { Stage, StepResult } from './stage.ts'
import { facadeOf, type Market } from './trade.ts'
import { poolOf } from './uniswap.ts'

/** Satoshi that rounding may leave behind: one an operation in the ledger, and in each of a pool's steps. */
const dustLimit = 20n

/**
 * Where every satoshi is that came out of the faucet in this run: with the parties on L1, or as rounding dust in the
 * ledger and the pools, whose other side is locked in the L1 bridge. Throws UnbalancedError unless it adds up.
 */
export async function balanceBooks(
  stage: Stage,
  markets: readonly Market[],
  steps: readonly StepResult[],
): Promise<StepResult> {
  const moved = (name: string) => steps.reduce((sum, { amounts }) => sum + (amounts?.[name] ?? 0n), 0n)
  const [pool, miner, buyer] = await Promise.all([
    stage.balance('pool', 'l1'),
    stage.balance('miner', 'l1'),
    stage.balance('buyer', 'l1'),
  ])
  const onL2 = (await stage.balance('miner', 'l2')) + (await stage.balance('buyer', 'l2'))
  const inLedger = moved('escrowed') - moved('realised') - moved('redeemed')
  const inPools = sum(await Promise.all(markets.map(({ id }) => balanceOfPool(stage, id))))

  must('what came over the bridge', moved('minted'), moved('burned') + inLedger + inPools + onL2)
  must('what the faucet gave', moved('from the faucet'), pool + miner + buyer + inLedger + inPools + onL2)
  must('what is left with the parties on L2', 0n, onL2)
  if (inLedger < 0n || inLedger > dustLimit) throw new UnbalancedError('the dust in the ledger', 0n, inLedger)
  if (inPools > dustLimit) throw new UnbalancedError('the dust in the pools', 0n, inPools)
  await checkBridge(stage)

  return {
    transactions: [],
    amounts: {
      'from the faucet': moved('from the faucet'),
      pool,
      miner,
      buyer,
      'dust in the ledger': inLedger,
      'dust in the pools': inPools,
    },
  }
}

async function balanceOfPool(stage: Stage, id: bigint): Promise<bigint> {
  const pair = pairOf(await facadeOf(stage, id), stage.wbtc.l2)
  return stage.balanceAt(await poolOf(stage.l2, stage.uniswap, pair))
}

/** What the L1 bridge holds for L2 is what L2 has minted, once others' messages under way have arrived. */
async function checkBridge(stage: Stage): Promise<void> {
  await waitFor({
    what: 'the supply on L2 to equal what L1 holds for it',
    seconds: 60,
    remedy: 'Messages may be stuck: npm run hashsand -- status names them.',
    look: async () => {
      const [locked, supply] = await Promise.all([lockedOnL1(stage), supplyOnL2(stage)])
      return locked === supply ? true : undefined
    },
  })
}

const lockedOnL1 = ({ l1, wbtc, manifest }: Stage) =>
  l1.readContract({
    address: manifest.l1.contracts.L1StandardBridge,
    abi: l1StandardBridgeAbi,
    functionName: 'deposits',
    args: [wbtc.l1, wbtc.l2],
  })

const supplyOnL2 = ({ l2, wbtc }: Stage) =>
  l2.readContract({ address: wbtc.l2, abi: erc20Abi, functionName: 'totalSupply' })

function must(what: string, expected: bigint, found: bigint): void {
  if (expected !== found) throw new UnbalancedError(what, expected, found)
}

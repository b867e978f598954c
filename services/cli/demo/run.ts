import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import pc from 'picocolors'
import type { Manifest } from '../../../chain/manifest.ts'
import type { StateFolder } from '../devnet/profile.ts'
import type { Output } from '../output.ts'
import { balanceBooks } from './books.ts'
import { cut } from './cut.ts'
import { fillPurses } from './faucet.ts'
import { openStage } from './openStage.ts'
import { compareParts, middleOf, realise, redeem, unlist } from './redeem.ts'
import { btc } from './reporter.ts'
import { throughRestarts } from './restarts.ts'
import { escrow } from './series.ts'
import type { Stage } from './stage.ts'
import { buy, list, type Market, marketsOf } from './trade.ts'
import { deposit, payPool, sweep, withdraw } from './walk.ts'
import { passDays } from './week.ts'

export type RunDemoParameters = {
  manifest: Manifest
  /** Holds the demo's journal, its keys and what it has signed. */
  folder: StateFolder
  output: Output
  signal: AbortSignal
  /** Forget an unfinished demo instead of going on with it. */
  fresh: boolean
}

/** One satoshi all the way: pool, bridge, ledger, DEX, index, redemption and back. Ends with the balance of the books. */
export async function runDemo({ manifest, folder, output, signal, fresh }: RunDemoParameters): Promise<void> {
  if (fresh) await rm(join(folder.demo, 'journal.json'), { force: true })
  const { stage, results, finish, close } = await openStage({ manifest, folder, output, signal })
  try {
    const markets = await throughRestarts({ act: () => walk(stage), progress: () => results.length })
    const books = await throughRestarts({
      act: () => balanceBooks(stage, markets, results),
      progress: () => 0,
    })
    const { 'from the faucet': given = 0n, ...where } = books.amounts ?? {}
    const parts = Object.entries(where).map(([name, value]) => `${name} ${btc(value)}`)
    output.result(
      { step: 'balance', balanced: true, given, ...where },
      `${pc.green('Assets balance')}: ${btc(given)} came in = ${parts.join(' + ')}.`,
    )
    await finish()
  } finally {
    await close()
  }
}

async function walk(stage: Stage): Promise<Market[]> {
  const { pool, miner, buyer } = stage.parties
  await stage.remember('purses', () => fillPurses(stage.l1, [pool.address, miner.address, buyer.address]))
  await payPool(stage)
  await sweep(stage)
  await deposit(stage)

  const series = await escrow(stage)
  const cuts = await cut(stage, series)
  const markets = marketsOf(series, cuts)
  for (const market of markets) {
    await list(stage, market)
    await buy(stage, market)
  }

  await passDays(stage, series.start, middleOf(series))
  const rest = await realise(stage, series)
  await passDays(stage, middleOf(series), series.end)
  await unlist(stage, series, cuts)
  const { long, short } = series
  const { subsidy, fees, bond, equity } = cuts
  await redeem(stage, 'buyer', { 'rest of LONG': rest, 'fee strip': fees })
  await redeem(stage, 'miner', {
    LONG: long,
    SHORT: short,
    'subsidy strip': subsidy,
    'fee strip': fees,
    bond,
    equity,
  })
  await compareParts(stage, series, cuts)

  await withdraw(stage)
  return markets
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dayOf } from '../../../oracle/block.ts'
import { replayFiles, simulatorNetwork } from '../../../oracle/developmentNetworks.ts'
import type { SimulatedBlock } from '../../../oracle/simulator/mine.ts'
import { createStubChain, type StubChain } from '../../oracle/sources/stubChain.ts'
import { startStubMempoolSpace } from '../../oracle/sources/stubMempoolSpace.ts'
import { startStubNode } from '../../oracle/sources/stubNode.ts'
import { startPoolServer } from '../../support/poolServer.ts'
import { poolsFile } from './poolsFile.ts'

// One simulated chain as four kinds of sources show it, and pools as HTTP servers: the honest ones, and those that mistake a unit.

export const network = simulatorNetwork()
const ownSeed = 'four nodes'

/** What a seat reads: each honest seat another kind of source; a liar a CSV of other units; who is behind a service without the last day. */
export type Seat = 'node' | 'rest' | 'csv' | 'simulator' | 'lie' | 'behind'
export const honestSeats = ['node', 'rest', 'csv', 'simulator'] as const

export async function differentSources(folder: string, days: number, seed = ownSeed) {
  const lastDay = network.firstDay + days - 1
  const chain = chainUntil(seed, lastDay)
  const [node, rest, late] = await Promise.all([
    startStubNode(chain),
    startStubMempoolSpace(chain),
    startStubMempoolSpace(chainUntil(seed, lastDay - 1)),
  ])
  const passwordFile = join(folder, 'bitcoin-password')
  await writeFile(passwordFile, node.credentials.password, { mode: 0o600 })
  await writeCsv(join(folder, 'csv'), chain.blocks, 1n)
  await writeCsv(join(folder, 'lie'), chain.blocks, 1_000n)

  const credits = new Map(
    Array.from({ length: days }, (_, at) => [
      network.firstDay + at,
      { hashrate: 10n ** 18n, satoshi: 540_432n },
    ]),
  )
  const [pools, wrongPools] = await Promise.all([startPoolServer(credits), startPoolServer(credits)])
  wrongPools.behave('thousandfold')
  const folders = { right: join(folder, 'right'), wrong: join(folder, 'wrong') }
  await Promise.all(Object.values(folders).map((each) => mkdir(each)))
  const rightPools = await poolsFile(folders.right, pools.url)
  const simulated = { HASHSAND_BITCOIN_CHAIN: 'simulator', HASHSAND_SIMULATOR_SEED: seed }
  const restOf = (url: string) => ({
    HASHSAND_SOURCE: 'mempool.space',
    HASHSAND_BITCOIN_URL: url,
    ...simulated,
  })
  const csvOf = (name: string) => ({ HASHSAND_SOURCE: 'replay', HASHSAND_DATA: join(folder, name) })
  // Long enough for the slowest source to be read to its end before the fastest gives up on rows.
  const right = { HASHSAND_POOLS: rightPools, HASHSAND_POOLS_PATIENCE_SECONDS: '60' }
  const settings: Record<Seat, Record<string, string>> = {
    node: {
      ...{ HASHSAND_SOURCE: 'node', HASHSAND_BITCOIN_URL: node.url, ...simulated, ...right },
      ...{ HASHSAND_BITCOIN_USER: node.credentials.user, HASHSAND_BITCOIN_PASSWORD_FILE: passwordFile },
    },
    rest: { ...restOf(rest.url), ...right },
    csv: { ...csvOf('csv'), ...right },
    simulator: { HASHSAND_SOURCE: 'simulator', HASHSAND_SIMULATOR_SEED: seed, ...right },
    lie: { ...csvOf('lie'), HASHSAND_POOLS: await poolsFile(folders.wrong, wrongPools.url) },
    behind: { ...restOf(late.url), ...right },
  }
  return {
    settings,
    feesOfDay: (day: number) =>
      chain.blocks
        .filter(({ medianTime }) => dayOf(medianTime) === day)
        .reduce((sum, { fees }) => sum + fees, 0n),
    close: () => Promise.all([node.stop(), rest.stop(), late.stop(), pools.close(), wrongPools.close()]),
  }
}

/** Ends with the blocks that bury the last one of that day. */
function chainUntil(seed: string, day: number): StubChain {
  const chain = createStubChain(seed, 100)
  const isAfter = ({ medianTime }: SimulatedBlock) => dayOf(medianTime) > day
  while (!isAfter(chain.tip())) chain.mine(1)
  chain.mine(6)
  return chain
}

async function writeCsv(folder: string, blocks: readonly SimulatedBlock[], factor: bigint): Promise<void> {
  await mkdir(folder)
  const { blocksPath, retargetsPath } = replayFiles(folder)
  const columns =
    'height,hash,time,mediantime,subsidy_sat,totalfee_sat,txs,total_weight,total_size,avgfeerate_sat_vb,medianfee_sat'
  const rows = blocks.map(({ height, hash, time, medianTime, subsidy, fees }) =>
    [height, hash.slice(2), time, medianTime, subsidy * factor, fees * factor, 1, 0, 0, 0, 0].join(),
  )
  await writeFile(blocksPath, [columns, ...rows, ''].join('\n'))
  const targetColumns =
    'height,hash,timestamp,date_utc,bits,target_hex,difficulty,period_seconds_prev,implied_hashrate_prev_hs,chainwork_hex,header_hex,source'
  const [first] = blocks
  const target = (first?.target ?? 0n).toString(16).padStart(64, '0')
  const epoch = (first?.height ?? 0) - ((first?.height ?? 0) % 2_016)
  const row = [epoch, target, 0, '', 0, target, '', '', '', '', '', ''].join()
  await writeFile(retargetsPath, [targetColumns, row, ''].join('\n'))
}

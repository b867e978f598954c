import type { Express } from 'express'
import type { Hash } from 'viem'
import { z } from 'zod'
import { type PoolRow, pools } from '../../../oracle/pools/poolRow.ts'
import { poolRowLeaf, poolRowProof } from '../../../oracle/pools/poolRowsTree.ts'
import { problem } from '../../runtime/answer.ts'
import type { PoolRows } from './poolRows.ts'

const parameters = z.object({ day: z.coerce.number().int().min(0).max(0xff_ffff) })
const withPool = parameters.extend({ pool: z.enum(pools) })

/** Rows behind the roots of reports, each with what proves it against its root. */
export function poolRoutes(app: Express, rows: Pick<PoolRows, 'rootsOf' | 'rowsOf'>): void {
  app.get('/v1/days/:day/pools', async (request, response) => {
    const asked = parameters.safeParse(request.params)
    if (!asked.success) return problem(response, 400, `"${request.params.day}" is not a day number.`)
    const { day } = asked.data
    const sets = await setsOf(rows, day)
    response.json({ day, sets: sets.map(({ root, set }) => ({ root, rows: set.map(rowAnswer) })) })
  })
  app.get('/v1/days/:day/pools/:pool', async (request, response) => {
    const asked = withPool.safeParse(request.params)
    if (!asked.success) {
      return problem(response, 400, `Pass a day number and one of ${pools.join(', ')}.`)
    }
    const { day, pool } = asked.data
    const proofs = (await setsOf(rows, day)).flatMap(({ root, set }) =>
      set
        .filter((row) => row.pool === pool)
        .map((row) => ({ root, ...rowAnswer(row), proof: poolRowProof(set, pool) })),
    )
    if (proofs.length > 0) return response.json({ proofs })
    return problem(response, 404, `No report of day ${day} with a row of ${pool} is known here.`)
  })
}

async function setsOf(rows: Pick<PoolRows, 'rootsOf' | 'rowsOf'>, day: number) {
  const sets: { root: Hash; set: PoolRow[] }[] = []
  for (const root of await rows.rootsOf(day)) {
    const set = await rows.rowsOf(day, root)
    if (set !== undefined) sets.push({ root, set })
  }
  return sets
}

/** Amounts as decimal strings, since a JSON number would lose digits. */
function rowAnswer(row: PoolRow) {
  const { pool, day, scheme, hashrate, rewardPerUnit } = row
  const [rate, reward] = [String(hashrate), String(rewardPerUnit)]
  return { pool, day, scheme, hashrate: rate, rewardPerUnit: reward, leaf: poolRowLeaf(row) }
}

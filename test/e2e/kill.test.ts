import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, http } from 'viem'
import { rewardIndex } from '../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../chain/generated/addresses.ts'
import { readManifest } from '../../chain/manifest.ts'
import { type Command, hashsand, interrupt, type Sandbox, sandbox, up } from '../support/devnet.ts'
import { assertOnce } from '../support/once.ts'
import { assertParts } from '../support/parts.ts'

// The story: everything that `npm start` runs is killed ten times while the demo walks its path. The demo finishes, every deposit
// was executed once, every withdrawal was finalised once.

const kills = 10

describe('kill -9 of everything', () => {
  let box: Sandbox
  let network: Command | undefined
  let demo: Command | undefined

  before(async () => {
    box = await sandbox()
  })
  after(async () => {
    await demo?.killTree().catch(() => {})
    await network?.killTree().catch(() => {})
    await box.remove()
  })

  it(`lets the demo finish across ${kills} kills, with every message executed once`, async function () {
    this.timeout(420_000)
    network = up(box, '--source', 'attested')
    await network.line(({ up }) => up === true)

    const moments: number[] = []
    while (moments.length < kills) {
      // A demo that outruns the kills is followed by another one on the same network.
      const walking = await startDemo(box)
      demo = walking
      while (moments.length < kills && walking.child.exitCode === null) {
        const moment = 300 + Math.floor(Math.random() * 3_000)
        moments.push(moment)
        await Promise.race([sleep(moment), walking.ended])
        await network.killTree()
        network = up(box, '--source', 'attested')
        await network.line(({ up }) => up === true)
      }
      const exit = await walking.ended
      assert.equal(exit, 0, `kills after ${moments.join(', ')} ms: ${walking.stderr()}`)
      assert.equal(walking.lines.at(-1)?.balanced, true)
      await assertParts(await readManifest(`${box.state}/901.json`), walking.lines)
    }

    await assertOnce(await readManifest(`${box.state}/901.json`))
  })

  it('leaves an index that equals the golden file on every replayed day, to the last digit', async function () {
    const golden = goldenDays()
    if (golden === undefined) {
      process.stderr.write(`      skipped: no recorded data in ${data}; set HASHSAND_DATA\n`)
      this.skip()
    }
    const manifest = await readManifest(`${box.state}/901.json`)
    const l2 = createPublicClient({ transport: http(manifest.l2.rpcUrl) })
    const index = { address: hashsandPredeploys.RewardIndex, abi: rewardIndex.abi } as const
    const [last, { firstDay }] = await Promise.all([
      l2.readContract({ ...index, functionName: 'newestDay', args: [1] }),
      l2.readContract({ ...index, functionName: 'networkOf', args: [1] }),
    ])
    assert.ok(last - firstDay >= 8, `only the days ${firstDay} to ${last}`)
    for (let day = firstDay; day <= last; day++) {
      const found = await l2.readContract({ ...index, functionName: 'dayOf', args: [1, day] })
      assert.deepEqual(
        {
          subsidy: found.subsidyIndex,
          fees: found.feesIndex,
          cappedFees: found.cappedFeesIndex,
          total: (found.subsidyIndex + found.feesIndex) / 10n ** 10n,
          cappedTotal: (found.subsidyIndex + found.cappedFeesIndex) / 10n ** 10n,
        },
        golden.get(day),
        `day ${day}`,
      )
    }
  })

  it('ends cleanly on Ctrl-C', async () => {
    assert.ok(network !== undefined)
    assert.equal(await interrupt(network), 0, network.stderr())
  })
})

const data = process.env.HASHSAND_DATA ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data')

type GoldenDay = Record<'subsidy' | 'fees' | 'cappedFees' | 'total' | 'cappedTotal', bigint>

/** The expected index by day, under the rule of the product; undefined where the file is absent. */
function goldenDays(): Map<number, GoldenDay> | undefined {
  const path = join(data, 'btc_golden_daily_index.csv')
  if (!existsSync(path)) return undefined
  const [head = '', ...rows] = readFileSync(path, 'utf8').trim().split('\n')
  const columns = head.trim().split(',')
  const days = rows.map((row) => {
    const cells = row.trim().split(',')
    const cell = (name: string) => cells[columns.indexOf(name)] ?? ''
    const value = {
      subsidy: BigInt(cell('index_subsidy_e18')),
      fees: BigInt(cell('index_fees_e18')),
      cappedFees: BigInt(cell('index_fees_capped_e18')),
      total: BigInt(cell('index_sat_per_PHs_day_e8')),
      cappedTotal: BigInt(cell('index_capped_sat_per_PHs_day_e8')),
    }
    return { rule: cell('rule'), day: Number(cell('day_id')), value }
  })
  return new Map(days.filter(({ rule }) => rule === 'mtp').map(({ day, value }) => [day, value]))
}

async function startDemo(box: Sandbox): Promise<Command> {
  const walking = hashsand([...box.args, 'demo', '--attach'])
  await walking.line(({ step }) => step === 'payout')
  return walking
}

import assert from 'node:assert/strict'
import {
  type Address,
  createTestClient,
  http,
  parseEther,
  publicActions,
  stringToHex,
  walletActions,
  zeroAddress,
} from 'viem'
import { foundry } from 'viem/chains'
import { rewardIndex } from '../../chain/generated/abi.ts'
import { type AnvilNode, startAnvil } from '../bridge/anvilNode.ts'
import { type GoldenRow, goldenRows, needData } from './recorded.ts'

// The contract's own index of every recorded day, proven to it by totals out of the golden file, against the file's own index.
// In 2009 one PH/s would have earned more than 112 bits hold, so each window is there twice: in PH/s, where such a day is
// the largest that fits, and in GH/s, whose floor is a million times smaller.

const largest = 2n ** 112n - 1n
const firstDays = [14_253, 17_519, 18_739]
const units = [
  { unitWork: 86_400n * 10n ** 15n, perPetahash: 1n },
  { unitWork: 86_400n * 10n ** 9n, perPetahash: 10n ** 6n },
]
const networks = firstDays.flatMap((firstDay) => units.map((unit) => ({ firstDay, ...unit })))

describe('RewardIndex on recorded history', () => {
  let node: AnvilNode
  let address: Address
  let prover: Address

  const connect = () =>
    createTestClient({ mode: 'anvil', chain: foundry, transport: http(node.url), cacheTime: 0 })
      .extend(publicActions)
      .extend(walletActions)

  before(async () => {
    node = await startAnvil()
    const client = connect()
    const [account] = await client.getAddresses()
    assert.ok(account)
    prover = account
    await client.setBalance({ address: prover, value: parseEther('1000') })
    const configs = networks.map(({ firstDay, unitWork }) => ({
      ...{ name: stringToHex('BTC', { size: 32 }), unit: stringToHex('unit', { size: 32 }) },
      ...{ class: 1, unitWork, prover, challenger: zeroAddress, firstDay },
      ...{ disputeSeconds: 0, faultTolerance: 0, signers: [prover] },
    }))
    const clock = { firstEpoch: 20_000, start: 0, epochSeconds: 86_400 }
    const hash = await client.deployContract({
      ...rewardIndex,
      account: prover,
      args: [clock, prover, configs],
    })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    assert.ok(contractAddress)
    address = contractAddress
  })
  after(() => node.kill())

  const contract = () => ({ address, abi: rewardIndex.abi }) as const

  async function proveAll(rows: readonly GoldenRow[], network: number): Promise<void> {
    const client = connect()
    await client.setAutomine(false)
    for (const row of rows) {
      const totals = {
        lastHeight: Number(row.height_max),
        lastBlockHash: stringToHex(String(row.height_max), { size: 32 }),
        work: BigInt(row.work ?? ''),
        subsidy: BigInt(row.subsidy_sat ?? ''),
        fees: BigInt(row.fees_sat ?? ''),
        cappedFees: BigInt(row.fees_capped_sat ?? ''),
        medianFee: BigInt(row.fee_lower_median_sat ?? ''),
      }
      await client.writeContract({
        ...contract(),
        functionName: 'prove',
        args: [network, Number(row.day_id), totals],
        account: prover,
        // A day's estimate would need the days before it.
        gas: 200_000n,
      })
    }
    await client.mine({ blocks: Math.ceil(rows.length / 100) + 1 })
    await client.setAutomine(true)
  }

  it('has every component of all 334 days as the golden file has it', async function () {
    needData(this)
    const golden = await goldenRows('mtp')
    assert.equal(golden.length, 334)
    const client = connect()
    let clipped = 0
    for (const [position, { firstDay, perPetahash }] of networks.entries()) {
      const network = position + 1
      const next = firstDays[firstDays.indexOf(firstDay) + 1] ?? Number.POSITIVE_INFINITY
      const rows = golden.filter(({ day_id }) => Number(day_id) >= firstDay && Number(day_id) < next)
      await proveAll(rows, network)
      for (const row of rows) {
        const args = [network, Number(row.day_id)] as const
        const [day, settled] = await Promise.all([
          client.readContract({ ...contract(), functionName: 'dayOf', args }),
          client.readContract({ ...contract(), functionName: 'settledReward', args }),
        ])
        const expected = [row.index_subsidy_e18, row.index_fees_capped_e18, row.index_fees_e18].map(
          (text) => {
            const value = BigInt(text ?? '') / perPetahash
            if (value > largest) clipped++
            return value > largest ? largest : value
          },
        )
        assert.deepEqual([day.subsidyIndex, day.cappedFeesIndex, day.feesIndex], expected, row.date)
        assert.deepEqual(settled, expected.slice(0, 2))
      }
      const last = await client.readContract({
        ...contract(),
        functionName: 'lastContiguousDay',
        args: [network],
      })
      assert.equal(last, Number(rows.at(-1)?.day_id))
    }
    // 130 subsidies of 2009 in PH/s, and once the fees. None in GH/s.
    assert.equal(clipped, 132)
  })
})

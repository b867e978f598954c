import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ContractFunctionRevertedError, type Hash, toHex, BaseError as ViemError } from 'viem'
import { z } from 'zod'
import { headerHash, parseHeader } from '../../../oracle/header.ts'
import type { TestNode } from '../../chain/fixture.ts'
import { needData, recorded } from '../recorded.ts'
import { compact, deployRelay, proofOf, type Relay, reverts, startRelayNode } from '../relayFixture.ts'

const bytes = z.string().transform((hex) => Buffer.from(hex.replace(/^0x/, ''), 'hex'))
const fixture = z.object({
  height: z.number(),
  header: bytes,
  coinbaseNoWitness: bytes,
  coinbaseRaw: bytes,
  merkleBranch: bytes,
  totalOut: z.number().transform(BigInt),
  subsidy: z.number().transform(BigInt),
  fees: z.number().transform(BigInt),
})
type Fixture = z.infer<typeof fixture>

/** Their coinbases do not name their height. */
const withoutHeight = [116_928, 150_013]
const mutations = 10_000
const atOnce = 50

describe('bitcoin relay: recorded coinbases', function () {
  this.timeout(300_000)
  let node: TestNode
  let fixtures: Fixture[]
  const relays = new Map<number, { relay: Relay; hash: Hash }>()

  before(async function () {
    needData(this)
    node = await startRelayNode()
    fixtures = z.array(fixture).parse(JSON.parse(recorded('btc_coinbase_proofs.json').toString()))
    for (const each of fixtures) relays.set(each.height, await relayWith(each))
  })
  after(() => node?.stop())

  /**
   * A relay checkpointed at the block's parent, with the block on top. The parent is known by its hash only: ten minutes apart stand in
   * for its times, and the bits are the block's own.
   */
  async function relayWith({ height, header }: Fixture) {
    const { previousHash, time, bits } = parseHeader(header)
    const times = Array.from({ length: 11 }, (_, index) => time - 600 * (11 - index))
    const genesis = { hash: previousHash, height: height - 1, chainwork: 1n, bits, epochStart: time, times }
    const relay = await deployRelay(node, { genesis, noRetarget: true, firstDay: 30_000 })
    await relay.addHeaders(previousHash, compact([header]))
    return { relay, hash: headerHash(header) }
  }

  function at(height: number) {
    const found = relays.get(height)
    const block = fixtures.find((each) => each.height === height)
    assert.ok(found && block)
    return { ...found, block, proof: proofOf(block.coinbaseNoWitness, block.merkleBranch) }
  }

  const heights = () =>
    fixtures.map(({ height }) => height).filter((height) => !withoutHeight.includes(height))

  const anyRevert = (error: unknown) =>
    error instanceof ViemError &&
    error.walk((cause) => cause instanceof ContractFunctionRevertedError) instanceof
      ContractFunctionRevertedError

  it('counts eight of ten', async () => {
    assert.equal(heights().length, 8)
    for (const height of heights()) {
      const { relay, hash, block, proof } = at(height)
      await relay.prove([hash, 0n, block.fees, 0n, [], toHex(proof)])
      const {
        groups,
        below,
        at: equal,
        subsidy,
        fees,
        cappedFees,
      } = await relay.accumulatorOf(hash, block.fees, 0n)
      assert.deepEqual(
        { groups, below, equal, subsidy, fees, cappedFees },
        { groups: 1, below: 0, equal: 1, subsidy: block.subsidy, fees: block.fees, cappedFees: block.fees },
        String(height),
      )
      assert.equal(subsidy + fees, block.totalOut)
      await assert.rejects(
        relay.tryProve([hash, 0n, block.fees, 0n, [], toHex(proof)]),
        reverts('GroupAlreadyProven'),
      )
    }
  })

  it('refuses the two that do not name their height', async () => {
    for (const height of withoutHeight) {
      const { relay, hash, block, proof } = at(height)
      await assert.rejects(
        relay.tryProve([hash, 0n, block.fees, 0n, [], toHex(proof)]),
        reverts('HeightMissing'),
      )
    }
  })

  it('caps the fees by the larger of the two medians', async () => {
    const { relay, hash, block, proof } = at(702_861)
    const cases = [
      { own: 1_000n, previous: 2_000n, capped: 6_000n },
      { own: 3_000n, previous: 2_000n, capped: 9_000n },
      { own: block.fees, previous: 1n, capped: block.fees },
      { own: 0n, previous: 0n, capped: block.fees },
    ]
    for (const { own, previous, capped } of cases) {
      await relay.prove([hash, 0n, own, previous, [], toHex(proof)])
      const { fees, cappedFees } = await relay.accumulatorOf(hash, own, previous)
      assert.deepEqual([fees, cappedFees], [block.fees, capped])
    }
  })

  it('refuses the coinbase of another block, and one with its witness', async () => {
    for (const height of heights()) {
      const { relay, hash, block } = at(height)
      for (const other of fixtures) {
        if (other.height === height) continue
        const proof = proofOf(other.coinbaseNoWitness, other.merkleBranch)
        await assert.rejects(relay.tryProve([hash, 0n, 5n, 5n, [], toHex(proof)]), reverts('HeightMissing'))
      }
      if (block.coinbaseRaw.equals(block.coinbaseNoWitness)) continue
      const witness = proofOf(block.coinbaseRaw, block.merkleBranch)
      await assert.rejects(relay.tryProve([hash, 0n, 5n, 5n, [], toHex(witness)]), reverts('NotACoinbase'))
    }
  })

  it(`refuses ${mutations} mutated ones`, async () => {
    const proofs = heights().map((height) => ({ ...at(height) }))
    const cases = fc.sample(mutation(proofs.length), { numRuns: mutations, seed: 6 })
    for (let from = 0; from < cases.length; from += atOnce) {
      await Promise.all(
        cases.slice(from, from + atOnce).map(async ({ which, change }) => {
          const of = proofs[which]
          assert.ok(of)
          const mutated = changed(Buffer.from(of.proof), change)
          assert.ok(!mutated.equals(of.proof))
          await assert.rejects(
            of.relay.tryProve([of.hash, 0n, 7n, 7n, [], toHex(mutated)]),
            anyRevert,
            `${of.block.height} ${JSON.stringify(change)}`,
          )
        }),
      )
    }
  })
})

type Change =
  | { kind: 'flip'; where: number; by: number }
  | { kind: 'insert'; where: number; byte: number }
  | { kind: 'remove'; where: number; count: number }
  | { kind: 'append'; bytes: Uint8Array }

/** `where` is a fraction of the proof's length, in 2^-16. */
function mutation(count: number): fc.Arbitrary<{ which: number; change: Change }> {
  const where = fc.integer({ min: 0, max: 0xffff })
  const change = fc.oneof<fc.Arbitrary<Change>[]>(
    fc.record({ kind: fc.constant('flip' as const), where, by: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('insert' as const), where, byte: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('remove' as const), where, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({
      kind: fc.constant('append' as const),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    }),
  )
  return fc.record({ which: fc.nat({ max: count - 1 }), change })
}

function changed(proof: Buffer, change: Change): Buffer {
  if (change.kind === 'append') return Buffer.concat([proof, change.bytes])
  const place = Math.floor((change.where * proof.length) / 0x1_0000)
  const [before, rest] = [proof.subarray(0, place), proof.subarray(place)]
  switch (change.kind) {
    case 'flip':
      return Buffer.concat([before, Uint8Array.of((rest[0] ?? 0) ^ change.by), rest.subarray(1)])
    case 'insert':
      return Buffer.concat([before, Uint8Array.of(change.byte), rest])
    case 'remove':
      return Buffer.concat([before, rest.subarray(change.count)])
  }
}

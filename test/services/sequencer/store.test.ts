import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Hash, toHex } from 'viem'
import { StoreInUseError } from '../../../services/runtime/outboxErrors.ts'
import { OtherNetworkError } from '../../../services/sequencer/errors.ts'
import type { MessageRecord } from '../../../services/sequencer/records.ts'
import { openSequencerStore } from '../../../services/sequencer/store.ts'

const hashOf = (fork: number, number: number): Hash =>
  toHex(BigInt(fork) * 1_000_000n + BigInt(number), { size: 32 })

describe('sequencer store', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is, after any rewinds, what a fresh one is that only read the blocks that stayed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 6 }), { maxLength: 12 }), async (moves) => {
        const store = await openSequencerStore(join(folder, 'db'), 'here')
        await store.rewind({ l1: -1n, l2: -1n })
        const chain: { number: number; hash: Hash }[] = []
        for (const [fork, move] of moves.entries()) {
          for (let step = 0; step < move; step++) {
            const number = chain.length
            const header = { number: BigInt(number), hash: hashOf(fork, number) }
            // Safe: the store looks at nothing in a message but its id.
            const message = (state: string) =>
              ({
                id: hashOf(9, number),
                kind: 'deposit',
                state,
                effect: header.hash,
              }) as unknown as MessageRecord
            await store.apply({ l1: header.number }, { l1: [header], messages: [message('intent')] })
            const l2 = [{ ...header, origin: header, minted: 0n }]
            await store.apply(
              { l2: header.number },
              { l2, messages: [message('failed'), message('included')] },
            )
            chain.push({ number, hash: header.hash })
          }
          if (move < 0) {
            chain.splice(Math.max(0, chain.length + move))
            const to = BigInt(chain.length - 1)
            await store.rewind({ l1: to, l2: to })
          }
        }
        const held: { number: number; hash: Hash }[] = []
        for await (const { number, hash } of store.l2HeadersDown())
          held.unshift({ number: Number(number), hash })
        assert.deepEqual(held, chain)
        const head = await store.l2Head()
        assert.equal(head?.hash, chain.at(-1)?.hash)
        assert.equal(await store.l1Header(BigInt(chain.length)), undefined)
        const messages: Pick<MessageRecord, 'id' | 'state' | 'effect'>[] = []
        for await (const { id, state, effect } of store.messages()) messages.push({ id, state, effect })
        assert.deepEqual(
          messages.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          chain.map(({ number, hash }) => ({ id: hashOf(9, number), state: 'included', effect: hash })),
        )
        // Kept beside the messages, it is what counting them gives, also for whoever opens the store next.
        const deposit = chain.length === 0 ? {} : { included: chain.length }
        const tally = { counts: { deposit, withdrawal: {} }, withdrawnWei: 0n }
        assert.deepEqual(store.tally(), tally)
        await store.close()
        const again = await openSequencerStore(join(folder, 'db'), 'here')
        assert.deepEqual(again.tally(), tally)
        await again.close()
      }),
      { numRuns: 25 },
    )
  })

  it('refuses another network and a second opener, naming them', async () => {
    const store = await openSequencerStore(folder, 'here')
    await assert.rejects(openSequencerStore(folder, 'here'), (error) => {
      assert.ok(error instanceof StoreInUseError)
      return error.holder === `process ${process.pid}`
    })
    await store.close()
    await assert.rejects(openSequencerStore(folder, 'there'), (error) => {
      assert.ok(error instanceof OtherNetworkError)
      return error.stored === 'here' && error.given === 'there'
    })
    await (await openSequencerStore(folder, 'here')).close()
  })
})

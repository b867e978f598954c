import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, createPublicClient, type Hex, http, type PublicClient, pad, toHex } from 'viem'
import { type DepositTransaction, depositHash, serializeDeposit } from '../../../bridge/deposit.ts'
import { receiptOf } from '../../../bridge/observe.ts'
import { opConstants, predeploys } from '../../../chain/generated/addresses.ts'
import { whyHopeless } from '../../../services/sequencer/hopeless.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'

// Deposits of every kind that the portal lets through, and more, sent to a real node of the embedded engine.

const rich = pad('0xb0', { size: 20 })
const contract = pad('0xc0', { size: 20 })
const senders = [rich, contract, pad('0xd0', { size: 20 }), opConstants.DepositorAccount]
const targets = [undefined, rich, contract, pad('0x02', { size: 20 }), predeploys.L1Block]
const limit = 30_000_000n

const around = (edge: bigint) => [edge - 1n, edge, edge + 1n]
const gases = [0n, ...around(21_000n), ...around(53_000n), 100_000n, ...around(limit), 2n ** 64n - 1n]
const lengths = [0, 1, 100, 49_151, 49_152, 49_153, 100_000]

const deposits = fc.record({
  from: fc.constantFrom(...senders),
  to: fc.constantFrom(...targets),
  mint: fc.constantFrom(0n, 7n, 10n ** 18n, 2n ** 100n),
  /** Above what its sender will have. */
  above: fc.constantFrom(undefined, -1n, 0n, 1n, 2n ** 255n),
  gas: fc.constantFrom(...gases),
  data: fc
    .tuple(fc.constantFrom(...lengths), fc.constantFrom('00', '11', 'fe'))
    .map(([length, byte]): Hex => `0x${byte.repeat(length)}`),
})

describe('what the embedded node refuses', function () {
  this.timeout(120_000)
  let node: AnvilNode
  let client: PublicClient
  let sent = 0

  before(async () => {
    node = await startAnvil([
      ...['--network', 'optimism', '--hardfork', 'granite', '--order', 'fifo', '--no-mining'],
      ...['--gas-limit', `${limit}`],
    ])
    client = createPublicClient({ transport: http(node.url, { retryCount: 0 }), cacheTime: 0 })
    for (const address of [rich, contract]) await node.rpc('anvil_setBalance', address, toHex(1_000n))
    await node.rpc('anvil_setCode', contract, '0x00')
  })
  after(() => node.kill())

  /** Whether the node takes a deposit, and has it in the block that is made for it. */
  async function isTaken(deposit: DepositTransaction): Promise<boolean> {
    const hash = await node.rpc('eth_sendRawTransaction', serializeDeposit(deposit)).catch(() => undefined)
    if (hash === undefined) return false
    await node.rpc('evm_mine')
    assert.notEqual(await receiptOf(client, depositHash(deposit)), undefined)
    return true
  }

  async function depositOf(from: Address, above: bigint | undefined, mint: bigint): Promise<bigint> {
    const value = above === undefined ? 0n : (await client.getBalance({ address: from })) + mint + above
    return value < 0n ? 0n : value
  }

  it('is what can be seen of the deposit, and nothing else', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(deposits, async ({ to, above, ...rest }) => {
        sent += 1
        const sourceHash = toHex(sent, { size: 32 })
        const value = await depositOf(rest.from, above, rest.mint)
        const deposit = { ...rest, ...(to !== undefined && { to }), sourceHash, value }
        const reason = await whyHopeless(client, deposit)
        const taken = await isTaken(deposit)
        if (!taken) refused += 1
        assert.equal(taken, reason === undefined, `${reason}`)
      }),
      { numRuns: 120 },
    )
    assert.ok(refused > 10 && refused < 110, `${refused} of ${sent} refused`)
  })
})

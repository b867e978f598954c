import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Address,
  concatHex,
  createPublicClient,
  encodeAbiParameters,
  encodeEventTopics,
  encodePacked,
  type Hash,
  type Hex,
  http,
  keccak256,
  type Log,
  pad,
  toHex,
} from 'viem'
import { getL2TransactionHash } from 'viem/op-stack'
import {
  attributesDeposit,
  decodeAttributes,
  decodeDeposit,
  depositHash,
  type MinedLog,
  mintOnly,
  serializeDeposit,
} from '../../bridge/deposit.ts'
import { MalformedDepositError } from '../../bridge/errors.ts'
import { loadArtifact } from '../../chain/artifacts.ts'
import { opConstants, predeploys } from '../../chain/generated/addresses.ts'
import { l1BlockAbi, optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { type AnvilNode, startAnvil } from './anvilNode.ts'

const bytes = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => toHex(array))
const anyBytes: fc.Arbitrary<Hex> = fc.uint8Array({ maxLength: 200 }).map((array) => toHex(array))
const wei = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
const deposits = fc.record({
  from: bytes(20),
  to: bytes(20),
  mint: wei,
  value: wei,
  gas: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  isCreation: fc.boolean(),
  data: anyBytes,
  blockHash: bytes(32),
  logIndex: fc.nat(10_000),
})
type Fields = typeof deposits extends fc.Arbitrary<infer Value> ? Value : never

function logOf(fields: Fields, version = 0n): MinedLog {
  const { from, to, mint, value, gas, isCreation, data } = fields
  const opaque = encodePacked(
    ['uint256', 'uint256', 'uint64', 'bool', 'bytes'],
    [mint, value, gas, isCreation, data],
  )
  return {
    address: predeploys.L1Block,
    topics: encodeEventTopics({
      abi: optimismPortalAbi,
      eventName: 'TransactionDeposited',
      args: { from, to, version },
    }) as [Hex, ...Hex[]],
    data: encodeAbiParameters([{ type: 'bytes' }], [opaque]),
    blockHash: fields.blockHash,
    blockNumber: 7n,
    blockTimestamp: 0n,
    transactionHash: pad('0x1', { size: 32 }),
    transactionIndex: 0,
    logIndex: fields.logIndex,
    removed: false,
  }
}

describe('deposit', () => {
  it('has the L2 hash that viem computes, for any deposit', () => {
    fc.assert(
      fc.property(deposits, (fields) => {
        const log = logOf(fields)
        const deposit = decodeDeposit(log)
        const args = { ...fields, version: 0n, opaqueData: opaqueOf(log) }
        // viem decodes from the log's arguments, we from its bytes.
        assert.equal(
          deposit.hash,
          getL2TransactionHash({ log: { ...log, eventName: 'TransactionDeposited', args } as never }),
        )
        assert.equal(deposit.hash, keccak256(serializeDeposit(deposit)))
        assert.equal(deposit.to === undefined, fields.isCreation)
      }),
    )
  })

  it('differs for the same content in another block or log', () => {
    fc.assert(
      fc.property(deposits, bytes(32), (fields, blockHash) => {
        fc.pre(blockHash !== fields.blockHash)
        const { hash } = decodeDeposit(logOf(fields))
        assert.notEqual(hash, decodeDeposit(logOf({ ...fields, blockHash })).hash)
        assert.notEqual(hash, decodeDeposit(logOf({ ...fields, logIndex: fields.logIndex + 1 })).hash)
      }),
    )
  })

  it('keeps the mint and nothing else when L2 refuses it', () => {
    fc.assert(
      fc.property(deposits, (fields) => {
        const deposit = decodeDeposit(logOf(fields))
        const rest = mintOnly(deposit)
        assert.deepEqual(
          [rest.from, rest.mint, rest.value, rest.data],
          [deposit.from, deposit.mint, 0n, '0x'],
        )
      }),
    )
  })

  it('refuses a version it does not know and data that is cut short', () => {
    fc.assert(
      fc.property(deposits, fc.bigInt({ min: 1n, max: 9n }), fc.nat(72), (fields, version, length) => {
        assert.throws(() => decodeDeposit(logOf(fields, version)), MalformedDepositError)
        const data = encodeAbiParameters([{ type: 'bytes' }], [`0x${'00'.repeat(length)}`])
        assert.throws(() => decodeDeposit({ ...logOf(fields), data }), MalformedDepositError)
      }),
    )
  })

  it('refuses data that is not the one field of the event, wherever it is cut or changed', () => {
    const headDigits = 2 + 2 * 64
    const leastDigits = headDigits + 2 * 73
    fc.assert(
      fc.property(deposits, fc.nat(leastDigits - 1), fc.nat(headDigits - 5), (fields, length, at) => {
        const log = logOf(fields)
        // The length's last two digits apart: within the zeros behind the bytes another length is as good.
        const change = (place: number, digit: string) =>
          `${log.data.slice(0, place)}${digit}${log.data.slice(place + 1)}` as Hex
        for (const data of [
          log.data.slice(0, length) as Hex,
          change(2 + at, 'f'),
          change(log.data.length - 1, 'g'),
        ]) {
          assert.throws(() => decodeDeposit({ ...log, data }), MalformedDepositError)
        }
      }),
    )
  })

  describe('attributes', () => {
    const origins = fc.record({
      number: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      timestamp: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      baseFee: wei,
      blobBaseFee: wei,
      hash: bytes(32),
      batcherHash: bytes(32),
    })
    let node: AnvilNode

    before(async () => {
      node = await startAnvil(['-n', 'optimism', '--hardfork', 'granite', '--no-mining'])
      const { deployedBytecode } = loadArtifact('op', 'L1Block') as { deployedBytecode?: Hex }
      assert.ok(deployedBytecode, 'the artifact of L1Block')
      await node.rpc('anvil_setCode', predeploys.L1Block, deployedBytecode)
    })
    after(() => node.kill())

    it('are read by the real L1Block as they were meant', async () => {
      const client = createPublicClient({ transport: http(node.url), cacheTime: 0 })
      const read = (
        functionName:
          | 'number'
          | 'timestamp'
          | 'basefee'
          | 'blobBaseFee'
          | 'hash'
          | 'batcherHash'
          | 'sequenceNumber'
          | 'baseFeeScalar'
          | 'blobBaseFeeScalar',
      ) => client.readContract({ address: predeploys.L1Block, abi: l1BlockAbi, functionName })
      await fc.assert(
        fc.asyncProperty(origins, async ({ batcherHash, ...origin }) => {
          const deposit = attributesDeposit(origin, batcherHash as Hash)
          await node.rpc('eth_sendRawTransaction', serializeDeposit(deposit))
          await node.rpc('evm_mine')
          const receipt = await client.getTransactionReceipt({ hash: depositHash(deposit) })
          assert.equal(receipt.status, 'success')
          const { number, timestamp, baseFee, blobBaseFee, hash } = origin
          assert.deepEqual(
            await Promise.all([
              read('number'),
              read('timestamp'),
              read('basefee'),
              read('blobBaseFee'),
              read('hash'),
              read('batcherHash'),
            ]),
            [number, timestamp, baseFee, blobBaseFee, hash, batcherHash],
          )
          assert.deepEqual(
            await Promise.all([read('sequenceNumber'), read('baseFeeScalar'), read('blobBaseFeeScalar')]),
            [0n, 0, 0],
          )
          const { from, to, data } = deposit
          assert.deepEqual(decodeAttributes({ from, to, input: data }), { number, timestamp, hash })
        }),
        { numRuns: 25 },
      )
    })

    it('are not taken for what others send', () => {
      fc.assert(
        fc.property(bytes(20), anyBytes, (from, data) => {
          fc.pre(from.toLowerCase() !== opConstants.DepositorAccount.toLowerCase())
          const input = concatHex(['0x440a5e20', data])
          assert.equal(decodeAttributes({ from: from as Address, to: predeploys.L1Block, input }), undefined)
        }),
      )
    })
  })
})

function opaqueOf({ data }: Pick<Log, 'data'>): Hex {
  const length = Number(BigInt(`0x${data.slice(66, 130)}`))
  return `0x${data.slice(130, 130 + length * 2)}`
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import { createPublicClient, type Hash, http, keccak256, parseAbi, stringToHex, toHex, zeroHash } from 'viem'
import {
  NoSuchPoolRowError,
  PoolRowIncompleteError,
  PoolRowRangeError,
  PoolRowsMixedError,
} from '../../../oracle/pools/errors.ts'
import { type Pool, type PoolRow, pools, type Scheme } from '../../../oracle/pools/poolRow.ts'
import { isComplete, poolRowProof, poolRowsRoot, verifyPoolRow } from '../../../oracle/pools/poolRowsTree.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'

const schemes: readonly Scheme[] = ['PPS', 'FPPS', 'PPS+', 'PPLNS', 'TIDES', 'SOLO', 'MIXED']

const anyRow = (pool: Pool, day: number): fc.Arbitrary<PoolRow> =>
  fc.record({
    ...{ pool: fc.constant(pool), day: fc.constant(day), scheme: fc.constantFrom(...schemes) },
    ...{ hashrate: fc.bigInt(0n, 2n ** 128n - 1n), rewardPerUnit: fc.bigInt(0n, 2n ** 256n - 1n) },
    ...{ reward: fc.constant(1n), feeRate: fc.constant(undefined), settled: fc.boolean() },
  })

/** At least one pool, in any order, all of one day. */
const anyRows = fc
  .record({ chosen: fc.shuffledSubarray([...pools], { minLength: 1 }), day: fc.nat(2 ** 24 - 1) })
  .chain(({ chosen, day }) => fc.tuple(...chosen.map((pool) => anyRow(pool, day))))

/* Computed anew, by hand: words of 32 bytes joined as text. */

const word = (value: bigint | number | string) =>
  typeof value === 'string'
    ? Buffer.from(value).toString('hex').padEnd(64, '0')
    : value.toString(16).padStart(64, '0')
const typeHash = keccak256(
  toHex('PoolRow(bytes32 pool,uint24 day,uint128 hashrate,uint256 rewardPerUnit,bytes32 scheme)'),
)

function leafAnew({ pool, day, hashrate, rewardPerUnit, scheme }: PoolRow): Hash {
  assert.ok(hashrate !== undefined && rewardPerUnit !== undefined)
  return keccak256(
    `${typeHash}${word(pool)}${word(day)}${word(hashrate)}${word(rewardPerUnit)}${word(scheme)}`,
  )
}

function rootAnew(leaves: readonly Hash[]): Hash {
  const [one, two] = leaves
  if (one === undefined) return zeroHash
  if (two === undefined) return one
  const above: Hash[] = []
  for (let at = 0; at < leaves.length; at += 2) {
    const pair = leaves.slice(at, at + 2).sort()
    const [only = zeroHash] = pair
    above.push(pair.length === 1 ? only : keccak256(`0x${pair.map((hash) => hash.slice(2)).join('')}`))
  }
  return rootAnew(above)
}

describe('poolRowsTree', () => {
  it('has the root of an independent computation, in whatever order the rows come', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        assert.equal(poolRowsRoot(rows), rootAnew(rows.map(leafAnew).sort()))
        assert.equal(poolRowsRoot(rows.toReversed()), poolRowsRoot(rows))
      }),
    )
    assert.equal(poolRowsRoot([]), zeroHash)
  })

  it('proves each row, and no changed one', () => {
    fc.assert(
      fc.property(anyRows, fc.nat(), fc.bigInt(1n, 2n ** 100n), (rows, pick, change) => {
        const row = rows[pick % rows.length]
        assert.ok(row?.hashrate !== undefined && row.rewardPerUnit !== undefined)
        const root = poolRowsRoot(rows)
        const proof = poolRowProof(rows, row.pool)
        assert.ok(verifyPoolRow(row, proof, root))
        const forged: PoolRow[] = [
          { ...row, hashrate: row.hashrate ^ change },
          { ...row, rewardPerUnit: row.rewardPerUnit ^ change },
          { ...row, day: row.day ^ 1 },
          { ...row, scheme: row.scheme === 'PPS' ? 'FPPS' : 'PPS' },
          { ...row, pool: row.pool === 'luxor' ? 'ocean' : 'luxor' },
        ]
        for (const other of forged) assert.ok(!verifyPoolRow(other, proof, root))
        assert.ok(!verifyPoolRow(row, [...proof, zeroHash], root))
        assert.ok(!verifyPoolRow(row, proof, keccak256(root)))
        if (proof.length > 0) assert.ok(!verifyPoolRow(row, proof.slice(1), root))
      }),
    )
  })

  it('verifies upper-case hex too, and refuses what is no 32 bytes', () => {
    const upper = (hash: Hash): Hash => `0x${hash.slice(2).toUpperCase()}`
    fc.assert(
      fc.property(anyRows, (rows) => {
        const [row] = rows
        assert.ok(row)
        const proof = poolRowProof(rows, row.pool)
        assert.ok(verifyPoolRow(row, proof.map(upper), upper(poolRowsRoot(rows))))
        assert.ok(!verifyPoolRow(row, [...proof, '0x'], poolRowsRoot(rows)))
      }),
    )
  })

  it('refuses two rows of a pool, two days, and a row that is not complete', () => {
    fc.assert(
      fc.property(anyRow('luxor', 7), anyRow('ocean', 8), (luxor, ocean) => {
        for (const rows of [
          [luxor, luxor],
          [luxor, ocean],
          [luxor, { ...luxor, hashrate: 1n }],
        ]) {
          assert.throws(() => poolRowsRoot(rows), PoolRowsMixedError)
          assert.throws(() => poolRowProof(rows, 'luxor'), PoolRowsMixedError)
        }
        assert.throws(() => poolRowProof([luxor], 'ocean'), NoSuchPoolRowError)
        const lacking = [
          { ...luxor, hashrate: undefined },
          { ...luxor, rewardPerUnit: undefined },
        ]
        for (const row of lacking) assert.throws(() => poolRowsRoot([row]), PoolRowIncompleteError)
        assert.deepEqual([luxor, ...lacking].map(isComplete), [true, false, false])
        const outside = [
          { hashrate: 2n ** 128n },
          { rewardPerUnit: 2n ** 256n },
          { hashrate: -1n },
          { day: 2 ** 24 },
        ]
        for (const field of outside)
          assert.throws(() => poolRowsRoot([{ ...luxor, ...field }]), PoolRowRangeError)
      }),
      { numRuns: 20 },
    )
  })
})

/** What a stranger's contract would do: the leaf by abi.encode, the proof by OpenZeppelin. */
const verifier = `
pragma solidity 0.8.30;
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
contract Verifier {
    bytes32 constant TYPE_HASH =
        keccak256("PoolRow(bytes32 pool,uint24 day,uint128 hashrate,uint256 rewardPerUnit,bytes32 scheme)");
    struct PoolRow { bytes32 pool; uint24 day; uint128 hashrate; uint256 rewardPerUnit; bytes32 scheme; }
    function verify(PoolRow calldata row, bytes32[] calldata proof, bytes32 root) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, keccak256(abi.encode(TYPE_HASH, row)));
    }
}`

const abi = parseAbi([
  'struct PoolRow { bytes32 pool; uint24 day; uint128 hashrate; uint256 rewardPerUnit; bytes32 scheme; }',
  'function verify(PoolRow row, bytes32[] proof, bytes32 root) view returns (bool)',
])

function compileVerifier(): `0x${string}` {
  const require = createRequire(import.meta.url)
  const folder = '@openzeppelin/contracts/utils/cryptography'
  const library = (name: string) => {
    const content = readFileSync(require.resolve(`${folder}/${name}.sol`), 'utf8')
    return [`${folder}/${name}.sol`, { content }] as const
  }
  const sources = {
    'Verifier.sol': { content: verifier },
    ...Object.fromEntries([library('MerkleProof'), library('Hashes')]),
  }
  const settings = { outputSelection: { '*': { Verifier: ['evm.deployedBytecode.object'] } } }
  const input = JSON.stringify({ language: 'Solidity', sources, settings })
  const solc = join(require.resolve('solc'), '..', 'solc.js')
  const output = execFileSync(process.execPath, [solc, '--standard-json'], { input, encoding: 'utf8' })
  const { contracts } = JSON.parse(output.slice(output.indexOf('{'))) as {
    contracts: Record<string, Record<string, { evm: { deployedBytecode: { object: string } } }>>
  }
  return `0x${contracts['Verifier.sol']?.Verifier?.evm.deployedBytecode.object}`
}

describe('poolRowsTree on a chain', () => {
  const address = '0x00000000000000000000000000000000000a0a0a'
  let node: AnvilNode

  before(async function () {
    // npm's solc starts in seconds, on a busy machine in minutes.
    this.timeout(300_000)
    node = await startAnvil()
    await node.rpc('anvil_setCode', address, compileVerifier())
  })
  after(() => node.kill())

  it('is verified by a contract with OpenZeppelin, and a forged row is not', async () => {
    const client = createPublicClient({ transport: http(node.url) })
    const onChain = ({ pool, day, hashrate, rewardPerUnit, scheme }: PoolRow, proof: Hash[], root: Hash) => {
      assert.ok(hashrate !== undefined && rewardPerUnit !== undefined)
      const names = { pool: stringToHex(pool, { size: 32 }), scheme: stringToHex(scheme, { size: 32 }) }
      const args = [{ ...names, day, hashrate, rewardPerUnit }, proof, root] as const
      return client.readContract({ address, abi, functionName: 'verify', args })
    }
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(), async (rows, pick) => {
        const row = rows[pick % rows.length]
        assert.ok(row?.hashrate !== undefined)
        const proof = poolRowProof(rows, row.pool)
        assert.equal(await onChain(row, proof, poolRowsRoot(rows)), true)
        assert.equal(await onChain({ ...row, hashrate: row.hashrate ^ 1n }, proof, poolRowsRoot(rows)), false)
      }),
      { numRuns: 40 },
    )
  })
})

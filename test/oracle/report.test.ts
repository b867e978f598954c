import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  type Hash,
  http,
  recoverAddress,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { rewardIndex } from '../../chain/generated/abi.ts'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import { ReportRangeError } from '../../oracle/errors.ts'
import {
  configDigestOf,
  encodeSignatures,
  type Report,
  type ReportDomain,
  reportDigest,
  reportOf,
  signReport,
  statementHash,
} from '../../oracle/report.ts'
import { rewardIndex as indexOf } from '../../oracle/rewardIndex.ts'
import { type AnvilNode, startAnvil } from '../bridge/anvilNode.ts'

const uint = (bits: number) => fc.bigInt(0n, 2n ** BigInt(bits) - 1n)
const bytes32 = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Hash => `0x${Buffer.from(bytes).toString('hex')}`)
const anyReport: fc.Arbitrary<Report> = fc.record({
  network: fc.constant(1),
  day: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
  round: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  lastHeight: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  lastBlockHash: bytes32,
  work: uint(256),
  subsidy: uint(128),
  fees: uint(128),
  cappedFees: uint(128),
  medianFee: uint(128),
  poolRowsRoot: bytes32,
})

const totals: DayTotals = {
  day: 18_739,
  blocks: 143,
  firstHeight: 680_072,
  lastHeight: 680_214,
  lastHash: `0x${'ab'.repeat(32)}`,
  work: 14_483_809_993_185_865_836_741_380n,
  subsidy: 89_375_000_000n,
  fees: 29_510_844_137n,
  medianFee: 206_827_797n,
  feeCap: 620_483_391n,
  cappedFees: 29_510_844_137n,
}

describe('report', () => {
  const signers = Array.from({ length: 4 }, () => privateKeyToAccount(generatePrivateKey()))
  const config = {
    name: stringToHex('BTC', { size: 32 }),
    unit: stringToHex('1 PH/s', { size: 32 }),
    class: 0,
    unitWork: 86_400n * 10n ** 15n,
    prover: zeroAddress,
    challenger: zeroAddress,
    firstDay: 18_739,
    disputeSeconds: 1,
    faultTolerance: 1,
    signers: signers.map(({ address }) => address),
  }
  let node: AnvilNode
  let address: Address
  let domain: ReportDomain

  const client = () => createPublicClient({ chain: foundry, transport: http(node.url), cacheTime: 0 })
  const contract = () => ({ address, abi: rewardIndex.abi }) as const

  before(async () => {
    node = await startAnvil()
    const wallet = createWalletClient({ chain: foundry, transport: http(node.url) })
    const [account] = await wallet.getAddresses()
    assert.ok(account)
    const clock = { firstEpoch: 20_000, start: 0, epochSeconds: 86_400 }
    const hash = await wallet.deployContract({
      ...rewardIndex,
      account,
      args: [clock, account, [config]],
    })
    const receipt = await client().waitForTransactionReceipt({ hash })
    assert.ok(receipt.contractAddress)
    address = receipt.contractAddress
    const configDigest = configDigestOf({ ...config, network: 1, configCount: 1 })
    domain = { chainId: foundry.id, rewardIndex: address, configDigest }
  })
  after(() => node.kill())

  it('computes the config digest that the contract stored', async () => {
    const stored = await client().readContract({ ...contract(), functionName: 'configDigest', args: [1] })
    assert.equal(domain.configDigest, stored)
  })

  it('computes the digest that the contract hashes, for any report', async () => {
    await fc.assert(
      fc.asyncProperty(anyReport, async (report) => {
        const onChain = await client().readContract({
          ...contract(),
          functionName: 'hashReport',
          args: [report],
        })
        assert.equal(reportDigest(report, domain), onChain)
      }),
      { numRuns: 40 },
    )
  })

  it('has signatures of any three of four accepted, and the index computed as here', async () => {
    const report = reportOf(totals, { network: 1, round: 1 })
    const signed = await Promise.all(signers.map((account) => signReport(account, report, domain)))
    for (const { signer, signature } of signed) {
      assert.equal(await recoverAddress({ hash: reportDigest(report, domain), signature }), signer)
    }
    const wallet = createWalletClient({ chain: foundry, transport: http(node.url) })
    const [account] = await wallet.getAddresses()
    assert.ok(account)
    const attest = (list: typeof signed) =>
      client().simulateContract({
        ...contract(),
        functionName: 'attest',
        args: [report, encodeSignatures(list, 3)],
        account,
      })
    for (const missing of signers) {
      await attest(signed.filter(({ signer }) => signer !== missing.address).reverse())
    }
    await assert.rejects(attest(signed.slice(0, 2)), (error) => {
      assert.ok(error instanceof BaseError)
      const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
      return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === 'QuorumMissed'
    })

    const { request } = await attest(signed)
    await client().waitForTransactionReceipt({ hash: await wallet.writeContract(request) })
    const day = await client().readContract({
      ...contract(),
      functionName: 'dayOf',
      args: [1, totals.day],
    })
    const index = indexOf(totals, config.unitWork)
    assert.deepEqual(
      [day.subsidyIndex, day.cappedFeesIndex, day.feesIndex],
      [index.subsidy, index.cappedFees, index.fees],
    )
    const hashed = await client().readContract({ ...contract(), functionName: 'hashReport', args: [report] })
    assert.equal(hashed, reportDigest(report, domain))
  })

  it('says the same statement under every domain, and another one for every other field', () => {
    const report = reportOf(totals, { network: 1, round: 1 })
    const elsewhere = { ...domain, chainId: 5 }
    assert.notEqual(reportDigest(report, elsewhere), reportDigest(report, domain))
    const changed = [
      { ...report, round: 2 },
      { ...report, lastBlockHash: zeroHash },
      { ...report, medianFee: 1n },
    ]
    const statements = [report, ...changed].map(statementHash)
    assert.equal(new Set(statements).size, statements.length)
  })

  it('refuses totals that the contract could not hold', () => {
    assert.throws(
      () => reportOf({ ...totals, fees: 2n ** 128n }, { network: 1, round: 1 }),
      (error) => error instanceof ReportRangeError && error.field === 'fees',
    )
    assert.throws(() => reportOf({ ...totals, subsidy: -1n }, { network: 1, round: 1 }), ReportRangeError)
  })
})

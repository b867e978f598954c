import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TransactionReceipt } from 'viem'
import { parseHeader } from '../../oracle/header.ts'
import { bitsToTarget, workOf } from '../../oracle/target.ts'
import type { TestNode } from '../chain/fixture.ts'
import { dataFolder, recorded } from '../oracle/recorded.ts'
import {
  compact,
  cutByDay,
  deployRelay,
  headersIn,
  lastHash,
  startRelayNode,
} from '../oracle/relayFixture.ts'
import type { Bench, Figure, Peer, Stage } from './bench.ts'
import { GasCaseMissingError } from './errors.ts'
import { type GasCase, runGasTests } from './gasTests.ts'

const reference = 'the notes on oracles'
const dayBlocks = 144
const groupBlocks = 12

const lumerin = {
  name: 'Lumerin HashpriceBTC, a header and its coinbase',
  source: `its plan, in ${reference}`,
}
const summa: Peer = {
  name: 'summa Relay.addHeaders, batches of 9',
  value: 48_105,
  source: `measured, ${reference}, Prague`,
}
const tbtc: Peer = {
  name: 'tBTC LightRelay.validateChain of 20, which keeps nothing',
  value: 3_818,
  source: `measured, ${reference}, Prague`,
}
const interlay: Peer = {
  name: '@interlay/btc-relay-sol',
  value: 105_299,
  source: `its README, in ${reference}`,
}
const oneByOne: Peer = {
  name: 'a proof a transaction, 356 bytes at depth 10',
  value: 68_133,
  source: `prototype, ${reference}, Prague`,
}
const aggregator = { name: 'OCR2Aggregator, f+1 signatures', source: `measured, ${reference}, Prague` }
const base = (signatures: string) => ({
  name: `OCR2Base of @chainlink/contracts 1.2.0, ${signatures} signatures`,
  source: 'this run',
})

/** Nodes, signatures of ours (2f+1), and what libocr's aggregator takes. */
const quorums = [
  { nodes: 4, published: 92_000 },
  { nodes: 13, published: 120_000 },
  { nodes: 31, published: 175_000 },
] as const

/**
 * Gas of whole transactions, cold storage, calldata and events included: of the tests that hold the budgets in CI, and of
 * recorded headers on a node whose hard fork has the calldata floor of EIP-7623.
 */
export const oracleBench: Bench = {
  name: 'oracle',
  run: async (stage) => {
    stage.say(
      'running the gas tests of the oracle; hard fork Cancun (Granite on L2) and EIP-7623, optimizer on, via_ir off',
    )
    const cases = await runGasTests('^(GasTest|OracleGasTest|BitcoinRelayGasTest)$', tests)
    attestations(stage, cases)
    bitcoinDay(stage, cases)
    for (const { name, used, budget } of cases.filter(({ name }) => isOther(name))) {
      stage.measured(gas(name, used, budget))
    }
    await recordedHeaders(stage)
  },
}

const tests = 'test_(attest|prove|substitute|day|addHeaders|closeDay|latestRoundData|accus|peer)'

function attestations({ measured }: Stage, cases: readonly GasCase[]): void {
  for (const { nodes, published } of quorums) {
    const { used, budget } = caseOf(cases, `attest, ${nodes} signers`)
    for (const signatures of ['2f+1', 'f+1']) {
      const value = caseOf(cases, `peer OCR2Base, ${nodes} nodes, ${signatures}`).used
      measured({
        ...gas(`attest a day, n = ${nodes}, beside ${signatures}`, used, budget),
        peer: { ...base(signatures), value },
      })
    }
    measured({
      ...gas(`attest a day, n = ${nodes}, beside what is published`, used, budget),
      peer: { ...aggregator, value: published },
    })
  }
}

function bitcoinDay({ measured }: Stage, cases: readonly GasCase[]): void {
  const headers = caseOf(cases, `headers, ${dayBlocks}`).used / dayBlocks
  measured({ ...gas(`a header, in a batch of ${dayBlocks}`, headers, 3_500), peer: summa })
  measured({ ...gas(`a header, in a batch of ${dayBlocks}, beside no relay`, headers, 3_500), peer: tbtc })
  for (const [name, peer] of [
    ['first', undefined],
    ['next', oneByOne],
  ] as const) {
    const { used, budget } = caseOf(cases, `coinbases, ${name} ${groupBlocks}`)
    measured({
      ...gas(`a coinbase, in the ${name} batch of ${groupBlocks}`, used / groupBlocks, budget / groupBlocks),
      peer,
    })
  }
  const { used, budget } = caseOf(cases, `a day of ${dayBlocks} blocks`)
  measured({ ...gas(`a block of a whole day`, used / dayBlocks, null), peer: { ...lumerin, value: 189_231 } })
  measured({
    ...gas(`a day of ${dayBlocks} blocks proven, simulated`, used, budget),
    peer: { ...lumerin, value: dayBlocks * 189_231 },
  })
}

/** What is neither told above nor a peer's. */
function isOther(name: string): boolean {
  const isAbove = /^(attest, \d+ signers$|headers, 144|coinbases|a day of|peer)/.test(name)
  return !isAbove
}

const file = { name: 'btc_headers_832001_833097.bin', firstHeight: 832_001 }
const sizes = [dayBlocks, 72, 36, 12, 6, 1] as const

/** Recorded headers of 2024, each size on a relay of its own, from the eleventh header on; the second batch of a day is taken. */
async function recordedHeaders({ measured, say }: Stage): Promise<void> {
  if (!existsSync(join(dataFolder, file.name))) {
    say(`no recorded headers in ${dataFolder}: set HASHSAND_DATA to measure them`)
    return
  }
  say('relaying recorded headers on anvil, hard fork Osaka')
  const node = await startRelayNode()
  try {
    for (const size of sizes) {
      const receipt = await relayBatch(node, size)
      const each = Number(receipt.gasUsed) / size
      const peer = size === 1 ? interlay : size <= 12 ? summa : undefined
      measured({
        ...gas(`a recorded header, in a batch of ${size}`, each, size === dayBlocks ? 3_500 : null),
        peer,
      })
    }
  } finally {
    await node.stop()
  }
}

async function relayBatch(node: TestNode, size: number): Promise<TransactionReceipt> {
  const headers = headersIn(recorded(file.name))
  const first = headers.slice(0, 11)
  const times = first.map((header) => parseHeader(header).time)
  const bits = headers[0]?.readUInt32LE(72) ?? 0
  const relay = await deployRelay(node, {
    genesis: {
      hash: lastHash(first),
      height: file.firstHeight + 10,
      chainwork: workOf(bitsToTarget(bits)),
      bits,
      // The epoch does not end within these batches.
      epochStart: times[0] ?? 0,
      times,
    },
  })
  // A whole day that has as many blocks; a shorter batch is the beginning of it.
  const days = cutByDay(times, headers.slice(11))
  const at = days.findIndex((day, index) => index > 0 && day.length >= dayBlocks)
  let below = lastHash(first)
  for (const day of days.slice(0, at)) {
    await relay.addHeaders(below, compact(day))
    below = lastHash(day)
  }
  return relay.addHeaders(below, compact((days[at] ?? []).slice(0, size)))
}

function caseOf(cases: readonly GasCase[], name: string): GasCase {
  const found = cases.filter((one) => one.name === name)
  const dearest = found.toSorted((one, other) => other.used - one.used)[0]
  if (dearest === undefined) throw new GasCaseMissingError(name)
  return dearest
}

function gas(name: string, value: number, budget: number | null): Figure {
  return { case: name, value, unit: 'gas', better: 'lower', budget }
}

import type { Bench, Peer } from './bench.ts'
import { runGasTests } from './gasTests.ts'

const reference = 'the design notes on structured products, §10 and §11'
const clone: Omit<Peer, 'value'> = {
  name: 'an ERC-20 clone per series',
  source: `prototype in ${reference}, Cancun`,
}
const alkimiya: Omit<Peer, 'value'> = {
  name: 'Alkimiya v2.1',
  source: `its published comparisons, in ${reference}, before Cancun`,
}
const erc20: Omit<Peer, 'value'> = { name: 'a plain ERC-20', source: `${reference}, Cancun` }
const ocr2: Omit<Peer, 'value'> = { name: 'OCR2, f+1 signatures', source: 'the design, §11' }

/** Gas of the same act elsewhere, by the case's name in `test/contracts/Gas.t.sol`. */
const peers: Readonly<Record<string, Peer>> = {
  'escrow new': { ...clone, value: 157_655 },
  'escrow existing': { ...clone, value: 89_255 },
  'redeem long': { ...clone, value: 74_288 },
  'redeem short': { ...alkimiya, value: 471_405 },
  'transfer to another': { ...clone, value: 53_878 },
  'transfer to a holder': { ...clone, value: 36_778 },
  'facade transfer': { ...erc20, value: 34_000 },
  'deploy facade': {
    name: 'a Hyperdrive-style forwarder',
    value: 616_363,
    source: `prototype in ${reference}`,
  },
  'attest, 4 signers': { ...ocr2, value: 92_000 },
  'attest, 13 signers': { ...ocr2, value: 120_000 },
  'attest, 31 signers': { ...ocr2, value: 175_000 },
}

/**
 * Gas of whole transactions, cold storage, calldata and events included, by the rules of L2's hard fork. The tests that hold
 * the budgets in CI are run, and their figures read: what is printed is what is gated.
 */
export const ledgerBench: Bench = {
  name: 'ledger',
  run: async ({ measured, say }) => {
    say('running test/contracts/Gas.t.sol; hard fork Cancun (Granite on L2), optimizer on, via_ir off')
    measured({
      case: 'create a series',
      value: 0,
      unit: 'gas',
      better: 'lower',
      budget: 0,
      peer: { ...alkimiya, value: 240_524 },
    })
    for (const { name, budget, used } of await runGasTests('^GasTest$')) {
      measured({ case: name, value: used, unit: 'gas', better: 'lower', budget, peer: peers[name] })
    }
  },
}

import {
  type Abi,
  type AbiFunction,
  concatHex,
  encodeAbiParameters,
  encodeErrorResult,
  type Hex,
  toFunctionSelector,
} from 'viem'
import { loadArtifact } from '../../chain/artifacts.ts'
import { facade, hashsandErrors, ledger } from '../../chain/generated/abi.ts'
import type { Operation, Outcome } from './operation.ts'
import { EVERYTHING } from './positions.ts'
import type { World } from './state.ts'

/** Zero `target`: the facade of `facadeOf`. */
export type Call = { target: string; facadeOf: bigint; data: Hex }

const NAME = `0x${'00'.repeat(32)}` as const
const token = loadArtifact('hashsand', 'PlainToken').abi
const honest = loadArtifact('hashsand', 'ManualSource').abi
const hostile = loadArtifact('hashsand', 'HostileSource').abi

/* FUNCTIONS */

type Known = { item: AbiFunction; selector: Hex }
const functions = new Map<Abi, Map<string, Known>>()

/** Selectors are hashed once and not half a million times. */
function functionOf(abi: Abi, name: string): Known {
  const ofAbi = functions.get(abi) ?? new Map<string, Known>()
  functions.set(abi, ofAbi)
  const known = ofAbi.get(name)
  if (known !== undefined) return known
  const item = abi.find((entry): entry is AbiFunction => entry.type === 'function' && entry.name === name)
  if (item === undefined) throw new Error(`no function ${name}`)
  const found = { item, selector: toFunctionSelector(item) }
  ofAbi.set(name, found)
  return found
}

function encode(abi: Abi, name: string, args: readonly unknown[]): Hex {
  const { item, selector } = functionOf(abi, name)
  return concatHex([selector, encodeAbiParameters(item.inputs, args)])
}

export function callOf(world: World, operation: Operation): Call {
  const at = (target: string, data: Hex): Call => ({ target, facadeOf: 0n, data })
  switch (operation.verb) {
    case 'say':
      return at(world.honest, encode(honest, 'set', [operation.network, operation.day, operation.rewards]))
    case 'setMood':
      return at(world.hostile, encode(hostile, 'setMood', [operation.mood]))
    case 'mint':
      return at(operation.token, encode(token, 'mint', [operation.to, operation.amount]))
    case 'approveCash':
      return at(operation.token, encode(token, 'approve', [world.ledger, EVERYTHING]))
    case 'cashOf':
      return at(operation.token, encode(token, 'balanceOf', [operation.holder]))
    case 'facadeTransfer': {
      const data = encode(facade.abi, 'transfer', [operation.receiver, operation.amount])
      return { target: `0x${'00'.repeat(20)}`, facadeOf: operation.id, data }
    }
    default:
      return at(world.ledger, ledgerData(world, operation))
  }
}

function ledgerData(world: World, operation: Operation): Hex {
  return encode(ledger.abi, operation.verb, argumentsOf(world, operation))
}

function argumentsOf(world: World, operation: Operation): readonly unknown[] {
  switch (operation.verb) {
    case 'multicall':
      return [operation.calls.map((call) => ledgerData(world, call))]
    case 'register':
      return [{ name: NAME, unit: NAME, ...operation.terms }]
    default: {
      // In the order of their types in operation.ts, which is the order of the interface.
      const { verb: _, ...args } = operation
      return Object.values(args)
    }
  }
}

/* ANSWERS */

/** What the contract has to answer, or undefined where only success is known. */
export function answerOf(operation: Operation, outcome: Outcome): Hex | undefined {
  if (!outcome.done) return revertData(outcome.error, outcome.args)
  if (outcome.returned === undefined) return undefined
  if (outcome.returned.length === 0) return '0x'
  if (operation.verb === 'multicall') {
    // Safe: the model answers a multicall with its calls and theirs.
    const inner = outcome.returned[0] as { call: Operation; returned: readonly unknown[] }[]
    const results = inner.map(({ call, returned }) => answerOf(call, { done: true, returned }))
    return encodeAbiParameters([{ type: 'bytes[]' }], [results.map((result) => result ?? '0x')])
  }
  if (operation.verb === 'facadeTransfer' || operation.verb === 'approveCash')
    return encodeAbiParameters([{ type: 'bool' }], [true])
  if (operation.verb === 'cashOf')
    return encodeAbiParameters(functionOf(token, 'balanceOf').item.outputs, outcome.returned)
  const { item } = functionOf(ledger.abi, operation.verb)
  return encodeAbiParameters(item.outputs, outcome.returned)
}

const panic = [{ type: 'error', name: 'Panic', inputs: [{ type: 'uint256', name: 'code' }] }] as const

function revertData(error: string, args: readonly unknown[]): Hex {
  if (error === 'Nothing') return '0x'
  // Safe: a name that the ABI does not have makes viem throw.
  const abi: Abi = [...hashsandErrors, ...panic]
  return encodeErrorResult({ abi, errorName: error, args: [...args] })
}

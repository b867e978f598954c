import { type Address, type Client, stringToHex } from 'viem'
import { readContract } from 'viem/actions'
import { ledger } from '../generated/abi.ts'
import { hashsandPredeploys } from '../generated/addresses.ts'
import { IndexNotRegisteredError } from './errors.ts'
import { type DeployClient, openSender } from './send.ts'

/** Terms of an index of the Ledger, with readable names. */
export type IndexDefinition = {
  name: string
  unit: string
  token: Address
  source: Address
  network: number
  firstEpoch: number
  tick: bigint
  /** In ticks, one per component. */
  caps: readonly bigint[]
}

const contract = { address: hashsandPredeploys.Ledger, abi: ledger.abi } as const

/** The id of the index with exactly these terms; registered now if there is none yet. */
export async function ensureIndex(client: DeployClient, definition: IndexDefinition): Promise<number> {
  // Before the look: it waits for what an interrupted run has sent.
  const sender = await openSender(client)
  const known = await findIndex(client, definition)
  if (known !== undefined) return known

  await sender.call(`Ledger.register ${definition.name}`, contract.address, ledger.abi, 'register', [
    termsOf(definition),
  ])
  const registered = await findIndex(client, definition)
  if (registered === undefined) throw new IndexNotRegisteredError(definition.name)
  return registered
}

export async function findIndex(client: Client, definition: IndexDefinition): Promise<number | undefined> {
  const wanted = fingerprint(termsOf(definition))
  const count = await readContract(client, { ...contract, functionName: 'indexCount' })
  for (let index = 1; index <= count; index++) {
    const terms = await readContract(client, { ...contract, functionName: 'termsOf', args: [index] })
    if (fingerprint(terms) === wanted) return index
  }
  return undefined
}

function termsOf({ name, unit, ...rest }: IndexDefinition) {
  return { ...rest, name: stringToHex(name, { size: 32 }), unit: stringToHex(unit, { size: 32 }) }
}

function fingerprint(terms: ReturnType<typeof termsOf>): string {
  const { name, unit, token, source, network, firstEpoch, tick, caps } = terms
  return [name, unit, token, source, network, firstEpoch, tick, ...caps].join('|').toLowerCase()
}

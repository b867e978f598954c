import { type Address, BaseError as ViemError } from 'viem'
import { BaseError } from '../../../chain/errors.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { checkContracts, checkTokens } from './contracts.ts'
import { bad, type Finding, ok } from './finding.ts'
import { checkDisk, checkStores, checkVersions } from './host.ts'
import { checkAgreement, checkClock, checkNode, checkPair, connect, type Nodes } from './nodes.ts'
import { checkKey, checkService } from './service.ts'

export type Patient = {
  readManifest: () => Promise<Manifest>
  /** Nodes to ask, where they are others than the manifest's. */
  nodes: Partial<Nodes>
  /** The service's state folder. */
  store: string
  /** Addresses of the roles that it sends with, as its keys say. */
  readKeys: () => Promise<Record<string, Address>>
}

/** Looks at everything that the sequencer service needs, and changes nothing. What depends on something that failed is left out. */
export async function examine(patient: Patient): Promise<Finding[]> {
  const found: Finding[] = checkVersions()
  const step = async <Value>(check: string, look: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await look()
    } catch (error) {
      found.push(bad(check, shortOf(error), remedyOf(error)))
      return undefined
    }
  }
  const collect = async (check: string, look: () => Promise<Finding[]>) => {
    const more = await step(check, look)
    found.push(...(more ?? []))
    return more?.every(({ state }) => state !== 'bad') === true
  }

  await collect('disk', () => checkDisk(patient.store))
  await collect('store', () => checkStores(patient.store))
  const manifest = await step('manifest', patient.readManifest)
  if (manifest === undefined) return found
  found.push(ok('manifest', `${manifest.name}, engine ${manifest.engine}`))

  const urls = { l1: patient.nodes.l1 ?? [manifest.l1.rpcUrl], l2: patient.nodes.l2 ?? [manifest.l2.rpcUrl] }
  let allAnswer = true
  for (const [side, list] of [
    ['L1', urls.l1],
    ['L2', urls.l2],
  ] as const) {
    let answer = true
    for (const url of list)
      answer = (await collect(`${side} node`, () => checkNode(side, url, manifest))) && answer
    if (answer) await collect(`${side} agreement`, () => checkAgreement(side, list))
    allAnswer &&= answer
  }
  const service = await step('service', () => checkService(manifest))
  found.push(...(service?.found ?? []))
  const keys = await step('keys', patient.readKeys)
  const [l1, l2] = [connect(urls.l1[0] ?? manifest.l1.rpcUrl), connect(urls.l2[0] ?? manifest.l2.rpcUrl)]
  // What the service says of itself goes before what lies here.
  const told = Object.entries(service?.status.outbox ?? {}).filter(([role]) => role !== 'replays')
  const known = { ...keys, ...Object.fromEntries(told.map(([role, { address }]) => [role, address])) }
  for (const [role, address] of Object.entries(known)) {
    // Safe: both are addresses as a service and a keystore write them.
    await collect(`key ${role}`, () => checkKey(role, address as Address, { l1 }))
  }
  await collect('clock', () => checkClock({ l1, l2 }, manifest))
  if (!allAnswer) return found
  await collect('identity', () => checkPair({ l1, l2 }, manifest))
  await collect('contracts', () => checkContracts({ l1, l2 }, manifest))
  await collect('tokens', () => checkTokens({ l1, l2 }, manifest))
  return found
}

const remedyOf = (error: unknown) =>
  error instanceof BaseError
    ? 'Mend that, then look again.'
    : 'See whether what answers there runs, and is what it should be.'

function shortOf(error: unknown): string {
  if (error instanceof ViemError) return error.shortMessage
  return error instanceof Error ? error.message : String(error)
}

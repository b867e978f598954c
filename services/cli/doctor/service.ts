import { type Address, formatEther, getAddress } from 'viem'
import { z } from 'zod'
import type { Manifest } from '../../../chain/manifest.ts'
import { askSequencer } from '../askSequencer.ts'
import { bad, type Finding, ok, warn } from './finding.ts'
import type { Clients } from './nodes.ts'

export const statusSchema = z.looseObject({
  alerts: z.record(z.string(), z.string()),
  paused: z.object({ reason: z.string(), at: z.string() }).optional(),
  cursor: z.looseObject({ lag: z.coerce.bigint() }),
  outbox: z.record(z.string(), z.looseObject({ address: z.string(), pending: z.number() })),
})
export type ServiceStatus = z.infer<typeof statusSchema>

export async function checkService(manifest: Manifest): Promise<{ status: ServiceStatus; found: Finding[] }> {
  const status = await askSequencer(manifest, '/v1/status', statusSchema)
  const { alerts, paused, cursor } = status
  const found: Finding[] = []
  const isBehind = cursor.lag > 5n
  const place = `L2 is ${cursor.lag} blocks of L1 behind`
  found.push(isBehind ? warn('service', place, 'If it does not fall, read its log.') : ok('service', place))
  if (paused !== undefined) {
    found.push(warn('service', `paused since ${paused.at}: ${paused.reason}`, 'hashsand sequencer resume'))
  }
  for (const [name, text] of Object.entries(alerts)) {
    if (name !== 'pause') found.push(warn('alert', `${name}: ${text}`, 'See the runbook of the sequencer.'))
  }
  return { status, found }
}

/** Proving and finalising one withdrawal alone, and a root: about that much gas. */
const stepGas = 600_000n
const lowSteps = 200n

/** What a key can still pay for, at the price of now. */
export async function checkKey(
  role: string,
  address: Address,
  { l1 }: Pick<Clients, 'l1'>,
): Promise<Finding[]> {
  const check = `key ${role}`
  const [balance, price, latest, pending] = await Promise.all([
    l1.getBalance({ address }),
    l1.getGasPrice(),
    l1.getTransactionCount({ address }),
    l1.getTransactionCount({ address, blockTag: 'pending' }),
  ])
  const steps = balance / (stepGas * price)
  const detail = `${getAddress(address)} has ${formatEther(balance)} ether on L1, for ${steps} withdrawals or roots; nonce ${latest}, ${pending - latest} in the pool`
  const remedy = `Send ether to ${getAddress(address)}.`
  if (steps === 0n) return [bad(check, detail, remedy)]
  return [steps < lowSteps ? warn(check, detail, remedy) : ok(check, detail)]
}

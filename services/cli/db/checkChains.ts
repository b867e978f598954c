import type { PublicClient } from 'viem'
import type { Manifest } from '../../../chain/manifest.ts'
import { clientsOf } from '../clients.ts'
import type { BlockName } from './checkMessages.ts'
import type { Finding, StoreReport } from './checkStore.ts'

/**
 * What the chains say of some stores. None of it is grave: the service goes by the chains and catches up with whatever it finds. A chain
 * that does not answer is told as such.
 */
export async function checkChains(manifest: Manifest, reports: readonly StoreReport[]): Promise<Finding[]> {
  const { l1, l2 } = clientsOf(manifest)
  const findings: Finding[] = []
  for (const report of reports) {
    const { store, heads, outbox, belongsTo = '' } = report
    const tell = (place: string, problem: string) => findings.push({ store, place, problem, grave: false })
    if (heads !== undefined) {
      await checkHead('L1', l1, heads.l1, tell)
      await checkHead('L2', l2, heads.l2, tell)
    }
    const [, chainId, address] = /^chain (\d+),.* key (0x[0-9a-fA-F]{40})$/.exec(belongsTo) ?? []
    if (outbox === undefined || address === undefined) continue
    const client = Number(chainId) === manifest.l1.chainId ? l1 : l2
    await checkNonce(client, address as `0x${string}`, outbox.nextNonce, tell)
  }
  return findings
}

type Tell = (place: string, problem: string) => void

async function checkHead(side: string, client: PublicClient, head: BlockName | undefined, tell: Tell) {
  if (head === undefined) return
  const place = `${side} block ${head.number}`
  const shown = await client.getBlock({ blockNumber: head.number }).then(
    ({ hash }) => hash,
    () => 'nothing',
  )
  if (shown !== head.hash) tell(place, `the store has ${head.hash} there, the node shows ${shown}`)
}

async function checkNonce(client: PublicClient, address: `0x${string}`, nextNonce: number, tell: Tell) {
  const used = await client.getTransactionCount({ address }).catch(() => undefined)
  if (used === undefined) return tell(address, 'its chain does not answer')
  if (used <= nextNonce) return
  tell(
    address,
    `the chain has used its nonces up to ${used - 1}, the store knows them up to ${nextNonce - 1}: an older backup, or something else sends with that key`,
  )
}

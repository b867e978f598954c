import { BaseError as ViemError } from 'viem'
import { L1UnreachableError } from '../../../chain/engine/opstack/errors.ts'
import type { ReplicaUrls } from '../../../chain/engine/opstack/replica.ts'
import { type ReplicaStatus, replicaStatus } from '../../../chain/engine/opstack/replicaStatus.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { ReplicaSilentError } from '../errors.ts'

/** How far the replica in `folder` is. Throws, naming it, what does not answer: its L1 or itself. */
export async function lookAtReplica(folder: string, urls: ReplicaUrls): Promise<ReplicaStatus> {
  try {
    return await replicaStatus(urls)
  } catch (error) {
    if (!(error instanceof ViemError)) throw error
    const failed = error.walk((cause) => cause instanceof Error && 'url' in cause)
    const url = failed !== null && 'url' in failed ? String(failed.url) : urls.nodeRpcUrl
    throw sameUrl(url, urls.l1RpcUrl)
      ? new L1UnreachableError(urls.l1RpcUrl, error)
      : new ReplicaSilentError(folder, url, error)
  }
}

const sameUrl = (a: string, b: string) => new URL(a).href === new URL(b).href

/** All of L1 is read: what L2 lacks now, the operator has not brought to L1 yet. */
export const isLevel = ({ behind }: ReplicaStatus) => behind.l1Blocks === 0

/**
 * Whether it is good to be asked. One sequencing window of silence is what L1's rules give the operator; another one
 * behind that, and the replica is behind itself.
 */
export function isReady({ behind }: ReplicaStatus, { l1, bridge }: Manifest): boolean {
  return behind.seconds < 2 * bridge.sequencingWindowBlocks * l1.blockTimeSeconds
}

/** One line that says how far behind it is. */
export function describe({ name, l2: { chainId } }: Manifest, status: ReplicaStatus): string {
  const { l1, l2, behind } = status
  const position = `L1 ${l1.position} of ${l1.head.number}, L2 safe ${l2.safe.number}, final ${l2.finalized.number}`
  const slow = behind.clockSeconds - behind.seconds
  return [
    `Replica of ${name} (chain ${chainId}): ${behind.l2Blocks} blocks behind, ${behind.seconds} s (${position})`,
    // L1's newest block should be young.
    ...(slow > 60 ? [`L1 itself is ${slow} s behind the clock of this machine`] : []),
  ].join('; ')
}

export const fieldsOf = ({ l2: { chainId } }: Manifest, status: ReplicaStatus) => ({ chainId, ...status })

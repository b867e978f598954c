import { type Address, isAddressEqual, type PublicClient } from 'viem'
import { rewardIndex } from '../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import type { BlockSource, ProofSource } from '../../../oracle/sources/blockSource.ts'
import type { Log } from '../../runtime/log.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Days } from '../days.ts'
import type { Sight } from '../sight.ts'
import { proveDay, proveHeaders } from './prover.ts'
import { openRelay } from './relay.ts'
import { createSend } from './send.ts'
import { isProversTurn } from './turn.ts'

export type OpenProverParameters = {
  client: PublicClient
  rewardIndex: Address
  network: number
  source: BlockSource
  days: Days
  sight: Sight
  /** Of this process's nodes. */
  accounts: readonly { address: Address }[]
  /** Absent in a process that only looks on. */
  outbox: Outbox | undefined
  log: Log
}

/**
 * The rounds of proving, of which neither waits for the other; none where there is nothing to prove, or no source to prove it
 * from.
 */
export async function openProver(parameters: OpenProverParameters): Promise<(() => Promise<unknown>)[]> {
  const { client, network, source, days, sight, accounts, outbox, log } = parameters
  if (outbox === undefined) return []
  const { prover } = await client.readContract({
    address: parameters.rewardIndex,
    abi: rewardIndex.abi,
    functionName: 'networkOf',
    args: [network],
  })
  // Another prover has rules of its own.
  if (!isAddressEqual(prover, hashsandPredeploys.BitcoinRelay)) return []
  if (!showsProofs(source)) {
    log.warn({ source: source.kind }, 'relayer.prover.no-headers')
    return []
  }
  const relay = openRelay(client, prover)
  const send = createSend({ client, relay, outbox, log })
  const isTurn = (day: number) => {
    const view = sight.view()
    return view !== undefined && isProversTurn(view, accounts, day)
  }
  const context = { relay, source, send, days, isTurn, log }
  return [() => proveHeaders(context), () => proveDay(context)]
}

function showsProofs(source: BlockSource): source is ProofSource {
  return 'proofOf' in source
}

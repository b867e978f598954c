import { type Address, isAddressEqual, type PublicClient } from 'viem'
import { rewardIndex } from '../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import { type BlockSource, showsProofs } from '../../../oracle/sources/blockSource.ts'
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
  /** Told the name of what made a round fail. */
  failed(error: string): void
  log: Log
}

export type Prover = {
  /** To be repeated beside each other: neither waits for the other. */
  rounds: readonly (() => Promise<void>)[]
  /** What the relay said last. */
  progress(): Proving | undefined
}

/** The day that is proven next, and how far the relay knows the chain. */
export type Proving = { nextDay: number; relayHeight: number }

const idle: Prover = { rounds: [], progress: () => undefined }

/** Idle where there is nothing to prove, no source to prove it from, or nobody to pay for it. */
export async function openProver(parameters: OpenProverParameters): Promise<Prover> {
  const { client, network, source, days, sight, accounts, outbox, log } = parameters
  if (outbox === undefined) return idle
  const { prover } = await client.readContract({
    address: parameters.rewardIndex,
    abi: rewardIndex.abi,
    functionName: 'networkOf',
    args: [network],
  })
  // Another prover has rules of its own.
  if (!isAddressEqual(prover, hashsandPredeploys.BitcoinRelay)) return idle
  if (!showsProofs(source)) {
    log.warn({ source: source.kind }, 'relayer.prover.no-headers')
    return idle
  }
  const relay = openRelay(client, prover)
  const send = createSend({ client, relay, outbox, log })
  const isTurn = (day: number) => {
    const view = sight.view()
    return view !== undefined && isProversTurn(view, accounts, day)
  }
  const context = { relay, source, send, days, isTurn, log }
  let proving: Proving | undefined
  const watched = (step: () => Promise<void>) => () =>
    step().catch((error: unknown) => {
      parameters.failed(error instanceof Error ? error.name : 'unknown')
      throw error
    })
  return {
    rounds: [
      watched(() => proveHeaders(context)),
      watched(async () => {
        const { nextDay, best } = await proveDay(context)
        proving = { nextDay, relayHeight: best.height }
      }),
    ],
    progress: () => proving,
  }
}

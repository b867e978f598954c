import { type Address, encodeFunctionData, type PublicClient } from 'viem'
import { ledger } from '../../chain/generated/abi.ts'
import type { Log } from '../runtime/log.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { gasWithMargin } from './chain.ts'
import { sendOnce } from './sendOnce.ts'

export type PokeParameters = {
  address: Address
  index: number
  /** The day that the ledger takes next. */
  nextDay: number
  lastFinalDay: number
  /** No more than this many days at a time. */
  limit: number
  outbox: Outbox
  log: Log
}

/** Makes the ledger take an index's final days. Anyone may do the same meanwhile: a poke too many reverts and harms nobody. */
export async function pokeDays(client: PublicClient, parameters: PokeParameters): Promise<void> {
  const { address, index, nextDay, lastFinalDay, limit, outbox, log } = parameters
  if (nextDay > lastFinalDay) return
  const call = { abi: ledger.abi, functionName: 'poke', args: [index] } as const
  const gas = await gasWithMargin(client, { ...call, address, account: outbox.address })
  const count = Math.min(lastFinalDay - nextDay + 1, limit)
  await Promise.all(
    Array.from({ length: count }, async (_, offset) => {
      const day = nextDay + offset
      const key = `poke/${index}/${day}`
      const hash = await sendOnce(outbox, { key, to: address, data: encodeFunctionData(call), gas })
      log.info({ index, day, hash }, 'relayer.index.poked')
    }),
  )
}

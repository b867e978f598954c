import { PoolDayOnlyRollingError } from './errors.ts'
import { jsonHeaders, type PoolAdapter } from './poolAdapter.ts'
import { rollingHashrate } from './rollingHashrate.ts'

export type CkpoolAccount = { address: string }

/** Solo mining: who finds a block is paid by its coinbase, and the pool knows no reward and no day. It gives no row. */
export const ckpool: PoolAdapter<CkpoolAccount> = {
  pool: 'ckpool',
  origin: 'https://solo.ckpool.org',
  requests: ({ address }) => [
    { method: 'GET', path: `/users/${encodeURIComponent(address)}`, headers: jsonHeaders },
  ],
  row([answer]) {
    throw new PoolDayOnlyRollingError('ckpool', rollingHashrate.ckpool(answer))
  },
}

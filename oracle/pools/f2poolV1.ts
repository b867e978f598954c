import { PoolDayOnlyRollingError } from './errors.ts'
import { jsonHeaders, type PoolAdapter } from './poolAdapter.ts'
import { rollingHashrate } from './rollingHashrate.ts'

export type F2poolV1Account = { user: string }

/** The open API by account name. All that it says of hashrate is the last 24 hours: it gives no row. */
export const f2poolV1: PoolAdapter<F2poolV1Account> = {
  pool: 'f2pool',
  origin: 'https://api.f2pool.com',
  requests: ({ user }) => [
    { method: 'GET', path: `/bitcoin/${encodeURIComponent(user)}`, headers: jsonHeaders },
  ],
  row([answer]) {
    throw new PoolDayOnlyRollingError('f2pool', rollingHashrate.f2poolV1(answer))
  },
}

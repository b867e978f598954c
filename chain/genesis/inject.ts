import { type Address, type Client, createClient, http, toHex } from 'viem'
import { getBalance, getCode, getTransactionCount } from 'viem/actions'
import { anvil } from '../engine/anvil/rpc.ts'
import type { GenesisAccounts } from './account.ts'
import { GenesisNotInjectedError } from './errors.ts'

/** Requests of one HTTP body. Order within does not matter: every request writes another place. */
const BATCH = 200

/**
 * Writes genesis into a fresh anvil and mines block 1. Block 0 keeps the root of the empty trie; from block 1 on the
 * header's state root is real, so nothing may ever be proven against block 0.
 */
export async function injectGenesis(rpcUrl: string, accounts: GenesisAccounts): Promise<void> {
  const client = createClient({
    transport: http(rpcUrl, { batch: { batchSize: BATCH }, retryCount: 0, timeout: 60_000 }),
  })
  await Promise.all([...accounts].map(([address, account]) => write(client, address, account)))
  await Promise.all([...accounts].map(([address, account]) => check(client, address, account)))
  await anvil(client, 'evm_mine', [])
}

type Account = GenesisAccounts extends Map<Address, infer Value> ? Value : never

async function write(client: Client, address: Address, account: Account): Promise<void> {
  const { code, nonce, balance, storage = {} } = account
  await Promise.all([
    code === undefined ? null : anvil(client, 'anvil_setCode', [address, code]),
    nonce === undefined ? null : anvil(client, 'anvil_setNonce', [address, toHex(nonce)]),
    balance === undefined ? null : anvil(client, 'anvil_setBalance', [address, toHex(balance)]),
    ...Object.entries(storage).map(([slot, value]) =>
      anvil(client, 'anvil_setStorageAt', [address, slot, value]),
    ),
  ])
}

async function check(client: Client, address: Address, { code, nonce, balance }: Account): Promise<void> {
  const lose = (what: string) => {
    throw new GenesisNotInjectedError(address, what)
  }
  if (code !== undefined && (await getCode(client, { address })) !== code) lose('code')
  if (nonce !== undefined && BigInt(await getTransactionCount(client, { address })) !== nonce) lose('nonce')
  if (balance !== undefined && (await getBalance(client, { address })) !== balance) lose('balance')
}

import type { Address, Hex } from 'viem'

/** One account of a genesis, as plain data: the same for anvil, for op-geth, for a test. */
export type GenesisAccount = {
  code?: Hex
  nonce?: bigint
  balance?: bigint
  /** Both sides are 32 bytes. */
  storage?: Record<Hex, Hex>
}

export type GenesisAccounts = Map<Address, GenesisAccount>

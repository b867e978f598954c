import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  type Abi,
  type Address,
  type Client,
  createClient,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  pad,
  toHex,
} from 'viem'
import { call } from 'viem/actions'
import { parseEther } from 'viem/utils'
import { z } from 'zod'
import type { Artifact } from '../artifacts.ts'
import { startAnvil } from '../engine/anvil/node.ts'
import { anvil } from '../engine/anvil/rpc.ts'
import type { GenesisAccounts } from './account.ts'
import { ScratchCallError } from './errors.ts'

const GAS = 30_000_000n

/** A throw-away node on which genesis contracts construct themselves where they will live. */
export type Scratch = {
  readonly client: Client
  setCode(address: Address, code: Hex): Promise<void>
  setStorage(address: Address, slot: Hex, value: Hex): Promise<void>
  /**
   * Runs a constructor at `address` itself: the creation code stands there as code and is called once. Storage, the
   * contracts it creates, its nonce and its immutables (`address(this)` among them) come out as if it had been
   * deployed there.
   */
  construct(name: string, address: Address, code: Artifact, args?: readonly unknown[]): Promise<void>
  send(from: Address, to: Address, abi: Abi, functionName: string, args?: readonly unknown[]): Promise<void>
  /** Every account that has code, with its storage. */
  contracts(): Promise<GenesisAccounts>
}

export async function withScratch<T>(chainId: number, work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-genesis-'))
  const node = await startAnvil({
    name: 'scratch node',
    port: 0,
    chainId,
    cacheDir: join(dir, 'cache'),
    args: ['--hardfork', 'cancun', '--disable-default-create2-deployer', '--disable-code-size-limit'],
  })
  try {
    return await work(openScratch(createClient({ transport: http(node.rpcUrl, { retryCount: 0 }) })))
  } finally {
    await node.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function openScratch(client: Client): Scratch {
  async function transact(what: string, from: Address, to: Address, data: Hex): Promise<void> {
    await anvil(client, 'anvil_setBalance', [from, toHex(parseEther('1000'))])
    await anvil(client, 'anvil_impersonateAccount', [from])
    const hash = await anvil(client, 'eth_sendTransaction', [{ from, to, data, gas: toHex(GAS) }])
    await anvil(client, 'evm_mine', [])
    const receipt = await anvil(client, 'eth_getTransactionReceipt', [hash])
    if (receipt?.status !== '0x1') throw new ScratchCallError(what, to)
    await anvil(client, 'anvil_setBalance', [from, '0x0'])
  }
  const deployerOf = (address: Address) =>
    getAddress(pad(toHex(BigInt(address) ^ (1n << 100n)), { size: 20 }))

  return {
    client,
    setCode: async (address, code) => {
      await anvil(client, 'anvil_setCode', [address, code])
    },
    setStorage: async (address, slot, value) => {
      await anvil(client, 'anvil_setStorageAt', [address, slot, value])
    },
    construct: async (name, address, { abi, bytecode }, args = []) => {
      const initCode = encodeDeployData({ abi, bytecode, args })
      await anvil(client, 'anvil_setCode', [address, initCode])
      // A contract begins with nonce 1, which decides where the contracts that it creates come to.
      await anvil(client, 'anvil_setNonce', [address, '0x1'])
      const { data } = await call(client, { to: address, gas: GAS })
      if (data === undefined) throw new ScratchCallError(`constructor of ${name}`, address)
      await transact(`constructor of ${name}`, deployerOf(address), address, '0x')
      await anvil(client, 'anvil_setCode', [address, data])
    },
    send: (from, to, abi, functionName, args = []) =>
      transact(functionName, from, to, encodeFunctionData({ abi, functionName, args })),
    contracts: () => contractsOf(client),
  }
}

const hex = z
  .string()
  .regex(/^0x[0-9a-fA-F]*$/)
  // Safe: the pattern.
  .transform((value) => value as Hex)
const dumpSchema = z.object({
  accounts: z.record(
    z.string(),
    z.object({ nonce: z.number().int(), code: hex, storage: z.record(hex, hex) }),
  ),
})

async function contractsOf(client: Client): Promise<GenesisAccounts> {
  const dump = await anvil(client, 'anvil_dumpState', [false])
  const { accounts } = dumpSchema.parse(JSON.parse(gunzipSync(Buffer.from(dump.slice(2), 'hex')).toString()))
  const contracts = Object.entries(accounts).filter(([, { code }]) => code !== '0x')
  return new Map(
    contracts.map(([address, { nonce, code, storage }]) => {
      const words = Object.entries(storage)
        .map(([slot, value]) => [word(slot), word(value)] as const)
        .filter(([, value]) => BigInt(value) !== 0n)
      return [getAddress(address), { nonce: BigInt(nonce), code, storage: Object.fromEntries(words) }]
    }),
  )
}

function word(value: string): Hex {
  return toHex(BigInt(value), { size: 32 })
}

import { createHash } from 'node:crypto'
import { type Address, type Hash, type Hex, type LocalAccount, pad, serializeTransaction, toHex } from 'viem'
import { toAccount } from 'viem/accounts'
import { opConstants, predeploys } from '../../../../chain/generated/addresses.ts'
import { l1ContractNames, type Manifest } from '../../../../chain/manifest.ts'
import { UnknownToModelError } from './errors.ts'

// The network of the simulation: addresses, keys, manifest.

export const secret = 'open-sesame'
export const submissionInterval = 10n
export const periodSeconds = 4n
export const confirmations = 3n
/** Blocks below L1's head that count as final, and the most that a reorganisation takes back. */
export const finalDepth = 10n

const numbered = (number: number): Address => pad(toHex(number), { size: 20 })

// Safe: one entry for each name.
export const l1 = Object.fromEntries(
  l1ContractNames.map((name, position) => [name, numbered(0x1000 + position)]),
) as Record<(typeof l1ContractNames)[number], Address>

export const token = { l1: numbered(0x2001), l2: numbered(0x2002) }
export const keyOf = { sequencer: numbered(0x3001), proposer: numbered(0x3002) }
export const users = [numbered(0x4001), numbered(0x4002), numbered(0x4003)] as const
/** Contracts of L1 that may refuse what a withdrawal brings. */
export const targets = [numbered(0x5001), numbered(0x5002), numbered(0x5003)] as const
export const bystander = numbered(0x6001)
export const l2Messenger: Address = predeploys.L2CrossDomainMessenger
export const aliasedMessenger: Address = pad(
  toHex(BigInt.asUintN(160, BigInt(l1.L1CrossDomainMessenger) + BigInt(opConstants.AliasOffset))),
  { size: 20 },
)
export const l1Url = `http://l1.invalid/v1/${secret}`
export const l2Url = `http://l2.invalid/v1/${secret}`

export function hashOf(...parts: (string | number | bigint)[]): Hash {
  return `0x${createHash('sha256').update(parts.join('|')).digest('hex')}`
}

/** A key whose signature is its address: what a simulated chain can tell apart, at no cost. */
export function simulatedKey(address: Address): LocalAccount {
  const refuse = (what: string) => () => Promise.reject(new UnknownToModelError(what))
  return toAccount({
    address,
    signTransaction: async (transaction) =>
      serializeTransaction(transaction, { r: pad(address), s: pad('0x01'), yParity: 0 }),
    signMessage: refuse('a signed message'),
    signTypedData: refuse('signed typed data'),
  }) as LocalAccount
}

export function manifestOf(engine: Manifest['engine'], start: Hash, l2Genesis: Hash): Manifest {
  return {
    version: 1,
    name: 'simulated',
    engine,
    l1: {
      chainId: 900,
      rpcUrl: l1Url,
      genesisHash: hashOf('l1 genesis'),
      blockTimeSeconds: 1,
      startBlock: { number: 1, hash: start },
      contracts: l1,
    },
    l2: { chainId: 901, rpcUrl: l2Url, genesisHash: l2Genesis, blockTimeSeconds: 1 },
    bridge: {
      submissionIntervalBlocks: Number(submissionInterval),
      finalizationPeriodSeconds: Number(periodSeconds),
      sequencingWindowBlocks: 100,
    },
    tokens: [{ symbol: 'WBTC', name: 'Bitcoin', decimals: 8, ...token }],
    networks: [],
    indices: [],
    services: {},
  }
}

export const same = (one: Hex, other: Hex): boolean => one.toLowerCase() === other.toLowerCase()
export const l1BlockPredeploy: Address = predeploys.L1Block
export const passer: Address = predeploys.L2ToL1MessagePasser

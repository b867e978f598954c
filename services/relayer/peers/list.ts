import { readFile } from 'node:fs/promises'
import { type Address, getAddress, isAddress, isAddressEqual } from 'viem'
import { z } from 'zod'
import { safeJson } from '../../../chain/safeJson.ts'
import { PeersFileError } from './errors.ts'

/** A node that this one knows: who it is, and where it listens for its peers. */
export type Peer = { address: Address; url: string }

const schema = z
  .array(
    z.strictObject({
      address: z
        .string()
        .refine((value) => isAddress(value, { strict: false }), 'not an address')
        .transform((value) => getAddress(value)),
      url: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
    }),
  )
  .max(31)
  .refine((list) => new Set(list.map(({ address }) => address)).size === list.length, 'one address twice')

/** The file `[{ "address": …, "url": … }]`, the same for all nodes: a node finds itself in it and leaves itself out. */
export async function readPeers(path: string): Promise<Peer[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PeersFileError(path, 'it can not be read', cause)
  })
  const result = schema.safeParse(safeJson(text))
  if (!result.success) throw new PeersFileError(path, z.prettifyError(result.error))
  return result.data
}

export const othersThan = (peers: readonly Peer[], node: Address): Peer[] =>
  peers.filter(({ address }) => !isAddressEqual(address, node))

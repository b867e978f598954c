import { createPublicClient, http, type PublicClient } from 'viem'
import type { Log } from '../log.ts'
import { httpMember, openAgreement, type Standing } from './transport.ts'

export type ConnectParameters = {
  /** Nodes of one chain. */
  urls: readonly string[]
  /** How many have to say the same; absent means more than half. */
  agree?: number | undefined
  log: Log
}

export type Connection = {
  client: PublicClient
  /** Empty where one node is trusted alone. */
  standings(): Standing[]
}

const asked = { cacheTime: 0, pollingInterval: 100 }

/** A client of one node, which is believed. */
export function connectNode(url: string): Connection {
  // Read whole, however long it is: piece by piece, with a limit, takes several times as long.
  const transport = http(url, { retryCount: 2, timeout: 20_000, maxResponseBodySize: false })
  return { client: createPublicClient({ ...asked, transport }), standings: () => [] }
}

/** A client of several nodes that have to agree; one alone is believed. Throws AgreementConfigError. */
export function connectNodes({ urls, agree, log }: ConnectParameters): Connection {
  const [alone] = urls
  if (urls.length === 1 && alone !== undefined && (agree ?? 1) === 1) return connectNode(alone)
  const members = urls.map((url) => httpMember(url))
  const { transport, standings } = openAgreement({
    ...{ members, log },
    agree: agree ?? Math.floor(urls.length / 2) + 1,
  })
  return { client: createPublicClient({ ...asked, transport }), standings }
}

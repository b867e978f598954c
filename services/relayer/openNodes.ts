import { join } from 'node:path'
import type { LocalAccount } from 'viem'
import { type Served, serve } from '../runtime/http.ts'
import { createHandlers } from './answers.ts'
import { openDisagreements } from './disagreements.ts'
import { createGatherer, type Gatherer } from './gather.ts'
import { openJournal } from './journal.ts'
import { type Node, ownReport } from './node.ts'
import { createPeerClient, type PeerClient, type PeerState } from './peers/client.ts'
import { othersThan, type Peer } from './peers/list.ts'
import { createPeerApp } from './peers/server.ts'
import type { Sight } from './sight.ts'
import { type JournalStore, openJournalStore } from './store.ts'

/** A node that listens to its peers. */
export type OpenNode = Node & { gatherer: Gatherer }

export type Nodes = {
  all: readonly OpenNode[]
  /** Every peer as it was last seen, by whichever node of this process. */
  peers(): PeerState[]
  close(): Promise<void>
}

export type OpenNodesParameters = Omit<Node, 'account' | 'store' | 'journal' | 'disagreements' | 'view'> & {
  accounts: readonly LocalAccount[]
  /** Who a journal belongs to, but for its key. */
  identity: string
  folder: string
  /** The other nodes; those of this process find each other by themselves. */
  peers: readonly Peer[]
  listen: { host: string; port: number }
  sight: Sight
  signal: AbortSignal
  now?: () => number
  timeoutMs?: number
}

type Listening = { node: Node; store: JournalStore; served: Served }

/** Opens one node for each key. They share a source and a look at the chain, and nothing else: they too talk over HTTP. */
export async function openNodes(parameters: OpenNodesParameters): Promise<Nodes> {
  const { accounts, peers, listen, sight, signal, timeoutMs, index } = parameters
  const now = parameters.now ?? (() => performance.now())
  const listening: Listening[] = []
  // Several can not have one port: each then takes what is free.
  const port = accounts.length > 1 ? 0 : listen.port
  for (const account of accounts) listening.push(await openOne(parameters, account, port))

  const own = listening.map(({ node, served }) => ({ address: node.account.address, url: served.url }))
  const strangers = own.reduce((left, { address }) => othersThan(left, address), [...peers])
  const all = listening.map(({ node }) => {
    const { account } = node
    const clients = othersThan([...strangers, ...own], account.address).map((peer) =>
      createPeerClient({ peer, account, domain: index, chainTime: sight.time, signal, timeoutMs }),
    )
    return { node, clients, gatherer: createGatherer({ ...node, clients, now }) }
  })
  return {
    all: all.map(({ node, gatherer }) => ({ ...node, gatherer })),
    peers: () => statesOf(all.flatMap(({ clients }) => clients)),
    close: async () => {
      for (const { served, store } of listening) {
        await served.close()
        await store.close()
      }
    },
  }
}

async function openOne(
  parameters: OpenNodesParameters,
  account: LocalAccount,
  port: number,
): Promise<Listening> {
  const { accounts, identity, folder, peers, listen, sight, log, index } = parameters
  const { network, live, days, rows, metrics } = parameters
  const store = await openJournalStore(
    join(folder, `journal-${account.address.toLowerCase()}`),
    `${identity}, key ${account.address}`,
  )
  const journal = openJournal({ store, account })
  const disagreements = openDisagreements({
    ...{ metrics, log },
    ownReport: (day) => ownReport({ days, rows, network }, day),
  })
  const own = { account, store, journal, disagreements }
  const node = { ...own, network, index, live, days, rows, view: sight.view, metrics, log }
  const known = [...accounts, ...peers].map(({ address }) => address)
  const handlers = createHandlers(node)
  const app = createPeerApp({ account, domain: index, peers: known, handlers, chainTime: sight.time, log })
  const served = await serve({ app, port, host: listen.host, purpose: `the peers of ${account.address}` })
  guard(served)
  log.info({ url: served.url, address: account.address, live }, 'relayer.node.listening')
  return { node, store, served }
}

/** Whoever sends slowly, or opens many connections, does not keep the others out for long. */
function guard({ server }: Served): void {
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  server.keepAliveTimeout = 30_000
  server.maxConnections = 256
}

function statesOf(clients: readonly PeerClient[]): PeerState[] {
  const found = new Map(clients.map((client) => [client.address, client.state()]))
  return [...found.values()]
}

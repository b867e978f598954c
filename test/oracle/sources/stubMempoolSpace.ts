import { toDisplay } from '../../../oracle/hash256.ts'
import type { StubChain } from './stubChain.ts'
import { type Answer, type StubService, startStubService } from './stubService.ts'

/** Speaks as mempool.space does, its own block extras included. */
export async function startStubMempoolSpace(chain: StubChain): Promise<StubService> {
  return startStubService({
    questionOf: (request) => request.url ?? '',
    answer: (path) => answerTo(chain, path) ?? { status: 404, body: 'Block not found' },
  })
}

function answerTo(chain: StubChain, path: string): Answer | undefined {
  const [, height] = /^\/api\/block-height\/(\d+)$/.exec(path) ?? []
  const [, hash = '', what] = /^\/api\/block\/(\w{64})\/(header|txids|txid\/0)$/.exec(path) ?? []
  const [, hashOfExtras = ''] = /^\/api\/v1\/block\/(\w{64})$/.exec(path) ?? []
  const [, txid] = /^\/api\/tx\/(\w{64})\/hex$/.exec(path) ?? []
  const block = chain.find(hash)
  const text = (body: string | undefined) => (body === undefined ? undefined : { body })
  if (path === '/api/blocks/tip/height') return text(String(chain.tip().height))
  if (height !== undefined) return text(chain.at(Number(height))?.hash.slice(2))
  if (txid !== undefined) return text(coinbaseOf(chain, txid))
  if (hashOfExtras !== '') return text(extrasOf(chain, hashOfExtras))
  if (block === undefined) return undefined
  const txids = block.txids.map((id) => toDisplay(id).slice(2))
  if (what === 'header') return text(hex(block.header))
  if (what === 'txids') return text(JSON.stringify(txids))
  return text(txids[0])
}

function coinbaseOf(chain: StubChain, txid: string): string | undefined {
  const block = chain.blocks.find(({ txids: [first] }) => first && toDisplay(first).slice(2) === txid)
  return block === undefined ? undefined : hex(block.coinbase)
}

/** The fields that were recorded of it, and one of the many others. */
function extrasOf(chain: StubChain, hash: string): string | undefined {
  const block = chain.find(hash)
  if (block === undefined) return undefined
  const { height, time, medianTime, subsidy, fees } = block
  return JSON.stringify({
    id: hash,
    height,
    timestamp: time,
    mediantime: medianTime,
    extras: {
      totalFees: Number(fees),
      reward: Number(subsidy + fees),
      pool: { id: 0, name: 'Unknown', slug: 'unknown' },
      header: hex(block.header),
    },
  })
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

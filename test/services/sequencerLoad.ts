import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Address,
  createWalletClient,
  type Hash,
  type Hex,
  http,
  keccak256,
  BaseError as ViemError,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { depositErc20Call, depositEtherCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { depositsOf, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { l2Chain } from '../../chain/chains.ts'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { networkIdentity } from '../../chain/identity.ts'
import { connectNode } from '../../services/runtime/agreement/connect.ts'
import { createLog } from '../../services/runtime/log.ts'
import { follow } from '../../services/sequencer/blocks.ts'
import { openNetwork } from '../../services/sequencer/network.ts'
import type { MessageRecord } from '../../services/sequencer/records.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { openSequencerStore } from '../../services/sequencer/store.ts'
import { type TestNetwork, until } from './sequencerNetwork.ts'

/** Messages in both directions, sent whether or not the service runs, and what has to have become of them once it has had time. */
export type Load = {
  /** Another deposit of ether and of coins, and another withdrawal. */
  send(): Promise<void>
  counts(): { deposits: number; withdrawals: number }
  /** Waits until all has arrived, then checks that nothing was lost, doubled, or left behind. */
  checkEndState(seconds: number): Promise<void>
}

const stranger = (): Address => privateKeyToAccount(generatePrivateKey()).address

export async function startLoad(network: TestNetwork): Promise<Load> {
  const { l1, l2Node, keys, manifest, wbtc } = network
  const account = keys.user
  const wallets = {
    l1: network.l1Wallet('user'),
    // The node itself: the service's front is away when the service is.
    l2: createWalletClient({
      account,
      chain: l2Chain(manifest),
      transport: http(l2Node.transport.url),
    }),
  }
  const nonces = {
    l1: await l1.getTransactionCount(account),
    l2: await l2Node.getTransactionCount(account),
  }
  const sent = { l1: [] as Hash[], l2: [] as Hash[] }
  /** Transactions of L2 that are in no block yet. */
  const raws = new Map<Hash, Hex>()
  const ether = new Map<Address, bigint>()
  const out = new Map<Address, bigint>()

  /** As a wallet does: what waits in the pool of L2 is lost when the service is killed while it keeps it aside. */
  async function resend(): Promise<void> {
    for (const [hash, raw] of raws) {
      if ((await receiptOf(l2Node, hash)) !== undefined) raws.delete(hash)
      else await l2Node.sendRawTransaction({ serializedTransaction: raw }).catch(ignoreRefusal)
    }
  }

  async function send(): Promise<void> {
    const amount = BigInt(sent.l1.length + 1)
    const [to, home] = [stranger(), stranger()]
    for (const call of [
      depositEtherCall({ manifest, amount, to }),
      depositErc20Call({ manifest, token: wbtc.l1, amount, to: keys.pool.address }),
    ]) {
      sent.l1.push(await wallets.l1.sendTransaction({ ...call, nonce: nonces.l1, gas: 3_000_000n }))
      nonces.l1 += 1
    }
    ether.set(to, amount)
    const call = { ...withdrawEtherCall({ amount, to: home }), nonce: nonces.l2, gas: 400_000n }
    const raw = await wallets.l2.signTransaction(await wallets.l2.prepareTransactionRequest(call))
    raws.set(keccak256(raw), raw)
    sent.l2.push(keccak256(raw))
    nonces.l2 += 1
    out.set(home, amount)
    await resend()
  }

  return {
    send,
    counts: () => ({ deposits: sent.l1.length, withdrawals: sent.l2.length }),
    checkEndState: async (seconds) => {
      const arrived = async () => {
        await resend()
        return isAtRest(network, sent)
      }
      await until(arrived, 'everything has arrived', seconds).catch(async (cause: unknown) => {
        const { backlog, outbox, supply, alerts } = await network.ask<Status>('/v1/status')
        const words = JSON.stringify({ sent: raws.size, backlog, outbox, supply, alerts })
        throw new Error(`not everything has arrived: ${words}`, { cause })
      })
      for (const [to, amount] of ether)
        assert.equal(await l2Node.getBalance({ address: to }), amount, `mint for ${to}`)
      for (const [to, amount] of out)
        assert.equal(await l1.getBalance({ address: to }), amount, `payment to ${to}`)
      await checkOnce(network, sent)
      await checkService(network)
      await checkFreshSync(network)
    },
  }
}

/** The node has it already, or has taken it into a block meanwhile. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ViemError)) throw error
}

type SentHashes = { l1: readonly Hash[]; l2: readonly Hash[] }

/** (b): what was sent is what was delivered. */
async function isAtRest(network: TestNetwork, sent: SentHashes): Promise<boolean> {
  const { backlog, outbox, supply } = await network.ask<Status>('/v1/status')
  const { final = 0, ...open } = backlog.deposit
  if (Object.keys(open).length > 0 || final < sent.l1.length) return false
  const { finalised = 0, ...waiting } = backlog.withdrawal
  if (Object.keys(waiting).length > 0 || finalised < sent.l2.length) return false
  if (Object.values(outbox).some(({ pending }) => pending > 0)) return false
  return supply?.every(({ balanced }) => balanced) ?? false
}

/** (c): each exactly once. */
async function checkOnce({ l1, l2Node, manifest }: TestNetwork, sent: SentHashes): Promise<void> {
  const portal = manifest.l1.contracts.OptimismPortal
  for (const hash of sent.l1) {
    const receipt = await l1.getTransactionReceipt({ hash })
    for (const deposit of depositsOf(receipt, portal)) {
      assert.equal((await receiptOf(l2Node, deposit.hash))?.status, 'success', `deposit ${deposit.hash}`)
    }
  }
  const events = await l1.getContractEvents({
    ...{ address: portal, abi: optimismPortalAbi, eventName: 'WithdrawalFinalized', fromBlock: 0n },
  })
  const ended = events.map(({ args }) => args.withdrawalHash)
  assert.equal(new Set(ended).size, ended.length, 'finalised once')
  for (const hash of sent.l2) {
    for (const withdrawal of withdrawalsOf(await l2Node.getTransactionReceipt({ hash }))) {
      assert.ok(ended.includes(withdrawal.hash), `withdrawal ${withdrawal.hash}`)
    }
  }
}

/** (a), (e), (f): the sums agree, no alert is left, and no key is in the log. The next root may be on its way by now. */
async function checkService(network: TestNetwork): Promise<void> {
  const { supply = [], alerts } = await network.ask<Status>('/v1/status')
  assert.ok(supply.length === 2 && supply.every(({ balanced }) => balanced), 'minted = locked - in flight')
  assert.deepEqual(alerts, {})
  const log = await readFile(join(network.dir, 'logs', 'sequencer.log'), 'utf8')
  // Safe: the test's own file of keys by role.
  const secrets = JSON.parse(await readFile(join(network.dir, 'keys.json'), 'utf8')) as Record<string, string>
  for (const [role, key] of Object.entries(secrets)) {
    assert.ok(!log.includes(key.slice(2)), `the key ${role} is in the log`)
  }
}

/** (d): a store that reads the chains anew comes to the same messages. */
async function checkFreshSync(network: TestNetwork): Promise<void> {
  const { manifest, l1, l2Node, dir } = network
  const grown = await shownMessages(network)
  const store = await openSequencerStore(join(dir, `fresh-${Date.now()}`), networkIdentity(manifest))
  const connected = await openNetwork({
    ...{ manifest, store, dumps: undefined, log: createLog('test', 'silent') },
    ...{ l1DurablePath: undefined, confirmations: 4n },
    l1Nodes: connectNode(l1.transport.url),
    l2Nodes: connectNode(l2Node.transport.url),
  })
  await follow(connected)
  const fresh = new Map<string, string>()
  for await (const { id, kind, history } of store.messages())
    fresh.set(id, `${kind} ${history[0]?.blockNumber}`)
  await store.close()
  assert.deepEqual(fresh, grown)
}

async function shownMessages(network: TestNetwork): Promise<Map<string, string>> {
  type Page = { messages: MessageRecord[]; next?: string }
  const found = new Map<string, string>()
  for (let next: string | undefined = ''; next !== undefined; ) {
    const page: Page = await network.ask<Page>(`/v1/messages${next === '' ? '' : `?after=${next}`}`)
    for (const { id, kind, history } of page.messages) found.set(id, `${kind} ${history[0]?.blockNumber}`)
    next = page.next
  }
  return found
}

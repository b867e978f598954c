import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type Address, type Hash, type Hex, parseEther, type TransactionReceipt } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { depositEtherCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { decodeAttributes } from '../../bridge/deposit.ts'
import { depositsOf, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l1BlockAbi } from '../../chain/generated/opAbi.ts'
import type { Role } from '../../services/runtime/keys.ts'
import { request } from '../../services/sequencer/network.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { replaceBlocks } from '../support/replaceBlocks.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

const stranger = (): Address => privateKeyToAccount(generatePrivateKey()).address
const senders = ['user', 'miner', 'buyer'] as const satisfies readonly Role[]

describe('sequencer under reorganisations of L1', function () {
  this.timeout(240_000)
  let network: TestNetwork

  const policy = 7
  before(async () => {
    network = await startTestNetwork({ HASHSAND_REORG_POLICY_BLOCKS: String(policy) })
  })
  after(() => network.close())

  const balances = (receivers: readonly Address[]) =>
    Promise.all(receivers.map((address) => network.l2.getBalance({ address })))
  const deposit = (role: Role, to: Address, amount: bigint) =>
    // More gas than an estimate: after a reorganisation the portal's price for L2 gas is another one.
    onL1(network, role, { ...depositEtherCall({ manifest: network.manifest, amount, to }), gas: 3_000_000n })
  const rawOf = (hash: Hash) => request<Hex>(network.l1, 'eth_getRawTransactionByHash', [hash])
  const resend = async (raw: Hex) => {
    await network.l1.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
  }

  /** Empty blocks that anvil made in place of others would be the same ones again: with another beneficiary they are not. */
  const reorganise = async (depth: number) => {
    await request(network.l1, 'anvil_setCoinbase', [stranger()])
    await replaceBlocks(network.manifest.l1.rpcUrl, depth)
  }

  /** Every origin that L2 was told of is a block of L1 as it is now, and none is missing. */
  const checkOrigins = async () => {
    const head = await network.l2Node.getBlockNumber({ cacheTime: 0 })
    let expected = BigInt(network.manifest.l1.startBlock.number)
    for (let number = 1n; number <= head; number++) {
      const { transactions } = await network.l2Node.getBlock({
        blockNumber: number,
        includeTransactions: true,
      })
      const [first] = transactions
      const origin = first?.typeHex === '0x7e' ? decodeAttributes(first) : undefined
      if (origin === undefined) continue
      expected += 1n
      assert.equal(origin.number, expected)
      assert.equal((await network.l1.getBlock({ blockNumber: origin.number })).hash, origin.hash)
    }
  }

  for (const depth of [1, 2, 5]) {
    it(`ends as a fresh L2 would after a reorganisation of ${depth}, with the deposits mined elsewhere`, async () => {
      // What the senders did before stays: without it the nonces of these deposits would never be due again.
      const settled = (await network.l1.getBlockNumber({ cacheTime: 0 })) + BigInt(depth)
      await until(async () => (await network.l1.getBlockNumber({ cacheTime: 0 })) >= settled, 'older blocks')
      const receivers = senders.map(stranger)
      const receipts: TransactionReceipt[] = []
      for (const [index, role] of senders.entries()) {
        receipts.push(await deposit(role, receivers[index] ?? '0x', BigInt(index + 1)))
      }
      await until(async () => (await balances(receivers)).every((wei) => wei > 0n), 'the deposits on L2')
      const friend = stranger()
      const paid = await network.l2Wallet('user').sendTransaction({ to: friend, value: 5n })
      await minedOn(network.l2, paid)
      const portal = network.manifest.l1.contracts.OptimismPortal
      const ids = receipts.flatMap((receipt) => depositsOf(receipt, portal)).map(({ hash }) => hash)
      const raws = await Promise.all(receipts.map(({ transactionHash }) => rawOf(transactionHash)))

      await reorganise(depth)
      const gone = await Promise.all(
        receipts.map(({ transactionHash }) => receiptOf(network.l1, transactionHash)),
      )
      for (const raw of raws.toReversed()) await resend(raw)
      // Wherever each deposit is on L1 in the end: that is what L2 has to have executed.
      await until(async () => {
        const now = await Promise.all(
          receipts.map(({ transactionHash }) => receiptOf(network.l1, transactionHash)),
        )
        const deposits = now.flatMap((receipt) => (receipt === undefined ? [] : depositsOf(receipt, portal)))
        const executed = await Promise.all(deposits.map(({ hash }) => receiptOf(network.l2, hash)))
        return deposits.length === senders.length && executed.every((receipt) => receipt !== undefined)
      }, 'the deposits on L2 again')

      assert.deepEqual(await balances(receivers), [1n, 2n, 3n])
      assert.equal(
        await network.l2.getBalance({ address: friend }),
        5n,
        "the user's own transaction was kept",
      )
      for (const [index, receipt] of gone.entries()) {
        // A deposit in another block is another message; the one that L1 took back is forgotten.
        if (receipt === undefined) {
          const response = await network.ask<{ state?: string }>(`/v1/messages/${ids[index]}`)
          const again = await receiptOf(network.l2, ids[index] ?? '0x')
          assert.equal(again === undefined, response.state === undefined)
        }
      }
      // A deposit that its reorganisation did not reach is there before L2 has followed it.
      await until(() => checkOrigins().then(() => true), 'every origin of L2 on L1')
      await until(async () => {
        const { supply } = await network.ask<Status>('/v1/status')
        return supply?.every(({ balanced }) => balanced) === true
      }, 'minted = locked - in flight')
    })
  }

  it('pays a withdrawal whose root, proof and finalisation L1 takes back one after the other', async () => {
    const target = stranger()
    const begun = await network
      .l2Wallet('user')
      .sendTransaction(withdrawEtherCall({ amount: 11n, to: target }))
    const [withdrawal] = withdrawalsOf(await minedOn(network.l2, begun))
    assert.ok(withdrawal)
    const state = async () => (await network.ask<{ state: string }>(`/v1/messages/${withdrawal.hash}`)).state
    for (const [wanted, depth] of [
      ['prove-intent', 1],
      ['proven', 1],
      ['finalised', 1],
    ] as const) {
      await until(async () => (await state()) === wanted || (await state()) === 'finalised', wanted, 40)
      await reorganise(depth)
    }
    await until(async () => (await state()) === 'finalised', 'finalised again', 40)
    await until(async () => (await network.l1.getBalance({ address: target })) === 11n, 'paid, once')
  })

  /** Takes back exactly so many L1 blocks that L2 stands on, while the sequencer is down. */
  const takeBack = async (blocks: number) => {
    const known = { address: predeploys.L1Block, abi: l1BlockAbi } as const
    const cursor = await network.l2Node.readContract({ ...known, functionName: 'number' })
    const lowest = cursor - BigInt(blocks) + 1n
    const hashOf = async (blockNumber: bigint) => (await network.l1.getBlock({ blockNumber })).hash
    const [before, kept] = [await hashOf(lowest), await hashOf(lowest - 1n)]
    // L1 goes on meanwhile, so one may fall short.
    while ((await hashOf(lowest)) === before) {
      const depth = (await network.l1.getBlockNumber({ cacheTime: 0 })) - lowest + 1n
      await reorganise(Number(depth))
    }
    assert.equal(await hashOf(lowest - 1n), kept)
  }

  for (const depth of [policy - 1, policy]) {
    it(`follows L1 by itself where it takes back ${depth} blocks under L2, with a policy of ${policy}`, async () => {
      await network.killSequencer()
      await takeBack(depth)
      await network.startSequencer()
      await until(() => checkOrigins().then(() => true), 'every origin of L2 on L1')
    })
  }

  it('halts and says why when L2 would have to go back behind a restart', async () => {
    await deposit('miner', stranger(), parseEther('0.1'))
    await until(
      async () => {
        const { cursor } = await network.ask<Status>('/v1/status')
        return String(cursor.lag) === '0'
      },
      'L2 follows',
      90,
    )
    await network.killSequencer()
    await network.restartL2Node()
    await reorganise(3)
    await network.startSequencer().catch(() => {})
    assert.equal(await network.sequencerExit(), 70)
    const log = await readFile(`${network.dir}/logs/sequencer.log`, 'utf8')
    assert.match(log, /L2HistoryGoneError/)
    assert.match(log, /Restore an older L2 dump/)
  })

  it('halts with an alert, and takes nothing back, where L1 takes back more than the policy', async () => {
    await network.killSequencer()
    const head = await network.l2Node.getBlock()
    await takeBack(policy + 1)
    await network.startSequencer().catch(() => {})
    assert.equal(await network.sequencerExit(), 70)
    const log = await readFile(`${network.dir}/logs/sequencer.log`, 'utf8')
    assert.match(log, /ReorganisationTooDeepError/)
    assert.match(log, new RegExp(`took back ${policy + 1} blocks that L2 stands on, and at most ${policy}`))
    assert.equal((await network.l2Node.getBlock()).hash, head.hash)
  })
})

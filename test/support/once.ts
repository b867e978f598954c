import assert from 'node:assert/strict'
import { createPublicClient, http, type PublicClient, parseEventLogs } from 'viem'
import { depositsOfBlock, withdrawalsOfBlock } from '../../bridge/observe.ts'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import type { Manifest } from '../../chain/manifest.ts'

/** Reads both chains from their beginning: every deposit was executed once, every withdrawal finalised once. */
export async function assertOnce(manifest: Manifest): Promise<void> {
  const l1 = createPublicClient({ transport: http(manifest.l1.rpcUrl) })
  const l2 = createPublicClient({ transport: http(manifest.l2.rpcUrl) })
  const deposits = await depositsOnL1(l1, manifest)
  const { executed, withdrawals } = await historyOfL2(l2)

  const userDeposits = deposits.filter((hash) => executed.has(hash))
  assert.ok(deposits.length >= 4, `${deposits.length} deposits`)
  assert.deepEqual(userDeposits, deposits, 'a deposit was not executed')
  for (const [hash, times] of executed) assert.equal(times, 1, `${hash} was executed ${times} times`)

  const finalised = await finalisedOnL1(l1, manifest)
  assert.ok(withdrawals.length >= 2, `${withdrawals.length} withdrawals`)
  for (const hash of withdrawals) {
    assert.deepEqual(finalised.get(hash), [true], `withdrawal ${hash}`)
  }
}

async function depositsOnL1(l1: PublicClient, manifest: Manifest): Promise<string[]> {
  const found: string[] = []
  const head = await l1.getBlockNumber()
  for (let number = BigInt(manifest.l1.startBlock.number) + 1n; number <= head; number++) {
    const block = await l1.getBlock({ blockNumber: number })
    const portal = manifest.l1.contracts.OptimismPortal
    found.push(...(await depositsOfBlock(l1, { portal, block })).map(({ hash }) => hash))
  }
  // The newest block may still be on its way.
  return found
}

/** How often each deposit transaction stands in a block of L2, and which withdrawals L2 began. */
async function historyOfL2(l2: PublicClient) {
  const executed = new Map<string, number>()
  const withdrawals: string[] = []
  const head = await l2.getBlockNumber()
  for (let number = 1n; number <= head; number++) {
    const block = await l2.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, typeHex } of block.transactions) {
      if (typeHex === '0x7e') executed.set(hash, (executed.get(hash) ?? 0) + 1)
    }
    withdrawals.push(...(await withdrawalsOfBlock(l2, block)).map(({ hash }) => hash))
  }
  return { executed, withdrawals }
}

async function finalisedOnL1(l1: PublicClient, manifest: Manifest): Promise<Map<string, boolean[]>> {
  const logs = await l1.getLogs({
    address: manifest.l1.contracts.OptimismPortal,
    fromBlock: BigInt(manifest.l1.startBlock.number),
  })
  const events = parseEventLogs({ abi: optimismPortalAbi, eventName: 'WithdrawalFinalized', logs })
  const found = new Map<string, boolean[]>()
  for (const { args } of events) {
    found.set(args.withdrawalHash, [...(found.get(args.withdrawalHash) ?? []), args.success])
  }
  return found
}

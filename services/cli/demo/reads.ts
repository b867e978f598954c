import { type Address, erc20Abi, type Hash, type PublicClient } from 'viem'
import {
  depositsOf,
  readDepositState,
  readWithdrawalState,
  receiptOf,
  withdrawalsOf,
} from '../../../bridge/observe.ts'
import { MAX_STRIKE, packBox } from '../../../chain/box.ts'
import { optimismPortalAbi } from '../../../chain/generated/opAbi.ts'
import { type Manifest, ManifestError } from '../../../chain/manifest.ts'
import { DemoError } from '../errors.ts'
import { waitFor } from '../wait.ts'
import { indexContract, ledgerContract } from './contracts.ts'
import { btc, units } from './reporter.ts'
import type { Party, Sent, Stage } from './stage.ts'

const subsidyAndFees = 0b11

export type ReadsParameters = {
  manifest: Manifest
  clients: { l1: PublicClient; l2: PublicClient }
  accounts: Record<Party, { address: Address }>
}

/** The half of the stage that only looks. */
export async function reads({
  manifest,
  clients,
  accounts,
}: ReadsParameters): Promise<Omit<Stage, 'step' | 'remember' | 'send'>> {
  const { l1, l2 } = clients
  const wbtc = named(
    manifest.tokens.find(({ symbol }) => symbol === 'WBTC'),
    'WBTC among its tokens',
  )
  const index = named(manifest.indices[0], 'an index')
  const balanceOf = (client: PublicClient, token: Address, holder: Address) =>
    client.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [holder] })

  return {
    manifest,
    l1,
    l2,
    wbtc,
    index,
    uniswap: named(manifest.l2.contracts, 'L2 contracts'),
    payoutForwarderFactory: named(manifest.l1.payoutForwarderFactory, 'a payout forwarder factory'),
    parties: accounts,
    delivered: (hash) => delivered({ manifest, clients }, hash),
    finalised: (hash) => finalised({ manifest, clients }, hash),
    balance: (party, side) => balanceOf(clients[side], wbtc[side], accounts[party].address),
    balanceAt: (holder) => balanceOf(l2, wbtc.l2, holder),
    position: (party, id) =>
      l2.readContract({ ...ledgerContract, functionName: 'balanceOf', args: [accounts[party].address, id] }),
    checkSource: (day) => checkSource(manifest, day),
    recentRewards: (days) => recentRewards(l2, index.network, days),
    boxOf: (term) => packBox({ side: 'long', mask: subsidyAndFees, ...term, lo: 0n, hi: MAX_STRIKE }),
    deadline: async () => (await l2.getBlock()).timestamp + 900n,
    btc,
    units,
  }
}

function named<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value
  throw new ManifestError(
    `The network manifest does not name ${what}: its deployment is not finished. Run npm start.`,
  )
}

type Where = Pick<ReadsParameters, 'manifest' | 'clients'>

async function delivered({ manifest, clients }: Where, hash: Hash): Promise<Sent[]> {
  const receipt = await clients.l1.getTransactionReceipt({ hash })
  const found = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
  const executed: Sent[] = []
  for (const deposit of found) {
    await waitFor({
      what: `deposit ${deposit.hash} to be executed on L2`,
      seconds: 120,
      remedy: 'See what the sequencer says: npm run hashsand -- status.',
      look: async () => ((await receiptOf(clients.l2, deposit.hash)) === undefined ? undefined : true),
    })
    if ((await readDepositState(clients, deposit)) === 'failed') {
      throw new DemoError(
        `Deposit ${deposit.hash} was executed on L2 and failed there. Its cause is in the L2 receipt.`,
      )
    }
    executed.push({ side: 'l2', hash: deposit.hash })
  }
  return executed
}

async function finalised({ manifest, clients }: Where, hash: Hash): Promise<Sent[]> {
  const contracts = manifest.l1.contracts
  const receipt = await clients.l2.getTransactionReceipt({ hash })
  const done: Sent[] = []
  for (const withdrawal of withdrawalsOf(receipt)) {
    const state = await waitFor({
      what: `withdrawal ${withdrawal.hash} to be finalised on L1`,
      seconds: 300 + manifest.bridge.finalizationPeriodSeconds,
      remedy: 'See what the sequencer says: npm run hashsand -- status.',
      look: async () => {
        const now = await readWithdrawalState(clients.l1, { contracts, withdrawal })
        return now === 'finalised' || now === 'failed' ? now : undefined
      },
    })
    if (state === 'failed') {
      throw new DemoError(`Withdrawal ${withdrawal.hash} was finalised on L1 and its message failed there.`)
    }
    for (const eventName of ['WithdrawalProven', 'WithdrawalFinalized'] as const) {
      const logs = await clients.l1.getContractEvents({
        address: contracts.OptimismPortal,
        abi: optimismPortalAbi,
        eventName,
        args: { withdrawalHash: withdrawal.hash },
        fromBlock: BigInt(manifest.l1.startBlock.number),
      })
      done.push(...logs.map(({ transactionHash }) => ({ side: 'l1' as const, hash: transactionHash })))
    }
  }
  return done
}

/** A replay ends where its data end; waiting for a day beyond that would be in vain. */
async function checkSource(manifest: Manifest, day: number): Promise<void> {
  if (manifest.services.relayer === undefined) return
  const answer = await fetch(`${manifest.services.relayer}/v1/status`, {
    signal: AbortSignal.timeout(2_000),
  }).then(
    async (response): Promise<unknown> => response.json(),
    () => undefined,
  )
  if (typeof answer !== 'object' || answer === null || !('exhausted' in answer) || answer.exhausted !== true)
    return
  throw new DemoError(
    `Day ${day} will never be indexed: the recorded block data of this network have come to their end. Begin a new network: hashsand devnet reset, then npm start.`,
  )
}

async function recentRewards(
  l2: PublicClient,
  network: number,
  days: number,
): Promise<readonly (readonly bigint[])[]> {
  const last = await waitFor({
    what: 'a first final day',
    seconds: 60,
    remedy: 'See what the relayer says: npm run hashsand -- status.',
    look: async () => {
      const found = await l2.readContract({
        ...indexContract,
        functionName: 'lastContiguousDay',
        args: [network],
      })
      return found === 0 ? undefined : found
    },
  })
  const { firstDay } = await l2.readContract({ ...indexContract, functionName: 'networkOf', args: [network] })
  const first = Math.max(firstDay, last - days + 1)
  const known = Array.from({ length: last - first + 1 }, (_, position) => first + position)
  return Promise.all(
    known.map((day) =>
      l2.readContract({ ...indexContract, functionName: 'settledReward', args: [network, day] }),
    ),
  )
}

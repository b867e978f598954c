import { setTimeout as sleep } from 'node:timers/promises'
import type { Hash } from 'viem'
import { depositEtherCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { createOptimismClient } from '../../bridge/optimism.ts'
import type { Stage } from './bench.ts'
import { type BridgeChains, finalizationPeriodSeconds, mined, rpc } from './bridgeChains.ts'
import { followL1, propose } from './bridgeHistory.ts'

// What somebody has who writes the same service in an afternoon: one message after the other, through @eth-optimism/sdk.

const deposits = 30
const withdrawals = 5
const loop = 'a loop on @eth-optimism/sdk'

export async function benchOptimism(chains: BridgeChains, stage: Stage): Promise<void> {
  const { l1, l1Wallet, l2, l2Wallet, manifest, userKey } = chains
  const sdk = createOptimismClient({ manifest, privateKey: userKey })
  const to = l1Wallet.account.address
  stage.say(`${loop}: ${deposits} deposits, ${withdrawals} withdrawals`)
  const begun: Hash[] = []
  for (let at = 0; at < deposits; at++) {
    const call = { ...depositEtherCall({ manifest, amount: 1n, to }), gas: 3_000_000n }
    const hash = await l1Wallet.sendTransaction(call)
    await l1.waitForTransactionReceipt({ hash })
    begun.push(hash)
  }
  await followL1(chains)
  const reading = performance.now()
  for (const hash of begun) await sdk.status(hash)
  const rate = deposits / ((performance.now() - reading) / 1_000)
  stage.measured({
    case: `${loop}: states of deposits read`,
    value: rate,
    unit: 'deposits/s',
    better: 'higher',
  })

  const out: Hash[] = []
  for (let at = 0; at < withdrawals; at++) {
    const call = { ...withdrawEtherCall({ amount: 1n, to }), gas: 500_000n }
    out.push((await mined(l2, l2Wallet, call)).transactionHash)
  }
  await propose(chains)
  const gas = { prove: [] as bigint[], finalise: [] as bigint[] }
  const began = performance.now()
  for (const hash of out) gas.prove.push(await gasOf(chains, await sdk.prove(hash)))
  const seconds = (performance.now() - began) / 1_000
  await rpc(l1, 'evm_increaseTime', finalizationPeriodSeconds + 1)
  await sleep(2_500)
  for (const hash of out) gas.finalise.push(await gasOf(chains, await sdk.finalise(hash)))
  for (const [step, used] of Object.entries(gas)) {
    const most = Math.max(...used.map(Number))
    stage.measured({ case: `${loop}: ${step}, at most`, value: most, unit: 'gas', better: 'lower' })
  }
  const proofs = { case: `${loop}: proofs, prepared and mined`, value: withdrawals / seconds }
  stage.measured({ ...proofs, unit: 'messages/s', better: 'higher' })
}

async function gasOf({ l1 }: BridgeChains, hash: Hash): Promise<bigint> {
  return (await l1.waitForTransactionReceipt({ hash })).gasUsed
}

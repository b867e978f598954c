import { type Address, encodeFunctionData, erc20Abi, type Hex, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { MAX_STRIKE, packBox, VALUE_SCALE } from '../../chain/box.ts'
import { approveCall, indexContract, ledgerContract } from '../../services/cli/demo/contracts.ts'
import type { RunningNetwork, User } from '../support/network.ts'
import type { Stage } from './bench.ts'
import { type Load, type Sender, sustain } from './load.ts'

const senderCount = 60
const loadSeconds = 20
/** Gas of one transaction, which says how many fill the blocks of a run. */
const gasOf = { transfer: 21_000, escrow: 90_000 }
/** No machine that this is meant for does more; signing them beforehand takes its time too. */
const mostSigned = 16_000
/** Satoshi behind one escrow. */
const escrowSats = 1_000n

/** The front of engine anvil keeps 1,024 waiting; op-geth's pool takes 5,120. */
const inFlightOf = { anvil: 900, 'op-stack': 3_000 } as const

export async function transferLoad(network: RunningNetwork, funder: User, stage: Stage): Promise<Load> {
  stage.say(`engine ${network.engine}: transfers from ${senderCount} senders for ${loadSeconds} s`)
  const senders = await newSenders(network, funder)
  const to = privateKeyToAccount(generatePrivateKey()).address
  return load(network, senders, { to, value: 1n, gas: 21_000n }, gasOf.transfer)
}

/** Each locks up a little, for LONG and SHORT of a week that is far away: what a market maker does all day. */
export async function escrowLoad(network: RunningNetwork, funder: User, stage: Stage): Promise<Load> {
  const { l2, wbtc, manifest } = network
  stage.say(`engine ${network.engine}: escrows from ${senderCount} senders for ${loadSeconds} s`)
  const senders = await newSenders(network, funder)
  const [index] = manifest.indices
  if (index === undefined) throw new Error('the manifest names no index')
  const today = await l2.readContract({ ...indexContract, functionName: 'currentEpoch' })
  const start = today + 1_000
  const side = 'long'
  const long = packBox({ side, mask: 0b11, index: index.id, start, end: start + 7, lo: 0n, hi: MAX_STRIKE })
  const [terms, topTicks] = await Promise.all([
    l2.readContract({ ...ledgerContract, functionName: 'termsOf', args: [index.id] }),
    l2.readContract({ ...ledgerContract, functionName: 'topTicksOf', args: [long] }),
  ])
  const quantity = (escrowSats * VALUE_SCALE) / (topTicks * terms.tick)
  const purse = escrowSats * 1_000n
  const { address } = await network.newUser()
  const rich = await network.newUser({ ether: parseEther('1'), wbtc: purse * BigInt(senderCount) })
  await inTurn(
    network,
    rich,
    senders.map(({ account }) => {
      const args = [account.address, purse] as const
      const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args })
      return { to: wbtc.l2, data, value: 0n, gas: 100_000n }
    }),
  )
  await approveAll(network, senders)
  const args = [long, quantity, address, address] as const
  const data = encodeFunctionData({ abi: ledgerContract.abi, functionName: 'escrow', args })
  return load(network, senders, { to: ledgerContract.address, data, gas: 250_000n }, gasOf.escrow)
}

async function load(
  { l2, manifest, engine }: RunningNetwork,
  senders: readonly Sender[],
  call: { to: Address; data?: Hex; value?: bigint; gas: bigint },
  gasEach: number,
): Promise<Load> {
  const { gasLimit } = await l2.getBlock()
  const perBlock = Number(gasLimit) / gasEach
  const enough = Math.ceil((perBlock * (loadSeconds + 4)) / manifest.l2.blockTimeSeconds)
  return sustain({
    client: l2,
    rpcUrl: manifest.l2.rpcUrl,
    chainId: manifest.l2.chainId,
    senders,
    call,
    count: Math.min(enough, mostSigned),
    inFlight: inFlightOf[engine],
    seconds: loadSeconds,
  })
}

/** Accounts with a little ether on L2, out of one that has more. */
async function newSenders(network: RunningNetwork, funder: User): Promise<Sender[]> {
  const senders = Array.from({ length: senderCount }, () => ({
    account: privateKeyToAccount(generatePrivateKey()),
    nonce: 0,
  }))
  await inTurn(
    network,
    funder,
    senders.map(({ account }) => ({
      to: account.address,
      data: '0x' as const,
      value: parseEther('0.05'),
      gas: 21_000n,
    })),
  )
  return senders
}

async function approveAll(network: RunningNetwork, senders: Sender[]): Promise<void> {
  const { l2, wbtc, manifest } = network
  const { to, data } = approveCall(wbtc.l2, ledgerContract.address, 2n ** 255n)
  const { baseFeePerGas } = await l2.getBlock()
  const hashes: Hex[] = []
  for (const sender of senders) {
    const serializedTransaction = await sender.account.signTransaction({
      type: 'eip1559',
      chainId: manifest.l2.chainId,
      nonce: sender.nonce++,
      maxFeePerGas: 10n * (baseFeePerGas ?? 0n) + 10_000_000n,
      maxPriorityFeePerGas: 1_000_000n,
      gas: 100_000n,
      to,
      data,
    })
    hashes.push(await l2.sendRawTransaction({ serializedTransaction }))
  }
  await allMined(network, hashes)
}

/** One account's transactions, one after another into the pool and all of them into blocks. */
async function inTurn(
  network: RunningNetwork,
  { l2, address }: User,
  calls: readonly { to: Address; data: Hex; value: bigint; gas: bigint }[],
): Promise<void> {
  const first = await network.l2.getTransactionCount({ address })
  const hashes: Hex[] = []
  for (const [position, call] of calls.entries()) {
    hashes.push(await l2.sendTransaction({ ...call, nonce: first + position }))
  }
  await allMined(network, hashes)
}

async function allMined({ l2, patience }: RunningNetwork, hashes: readonly Hex[]): Promise<void> {
  for (const hash of hashes) {
    const { status } = await l2.waitForTransactionReceipt({ hash, timeout: patience.depositSeconds * 1_000 })
    if (status !== 'success') throw new Error(`${hash} reverted while the senders were being funded`)
  }
}

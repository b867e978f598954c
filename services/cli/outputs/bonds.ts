import { type Address, formatEther, isAddress, type PublicClient } from 'viem'
import { claimBondsCall, settleBondCall } from '../../../bridge/forced.ts'
import { type Bond, readBonds } from '../../../bridge/proposing.ts'
import { outputProposer } from '../../../chain/generated/abi.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { Context } from '../context.ts'
import { UnknownNameError } from '../errors.ts'
import { BondOpenError, NoSuchBondError, NothingToClaimError } from './errors.ts'
import { openL1 } from './replica.ts'
import { costOf, sendOnL1, signerOf } from './send.ts'

type Who = { as: string; send?: boolean }

const dateOf = (time: bigint) => new Date(Number(time) * 1_000).toISOString()

/** The bonds of an account, or all of them, and what is booked to the account. */
export async function listBonds(
  context: Context,
  manifest: Manifest,
  { as, all }: Who & { all?: boolean },
): Promise<void> {
  const l1 = openL1(manifest)
  const proposer = all === true ? undefined : (await signerOf(context, as)).account.address
  const bonds = await bondsOf(l1, manifest, proposer)
  for (const bond of bonds) context.output.result(bond, describe(bond))
  if (bonds.length === 0) {
    context.output.result({ bonds: [] }, 'No bonds. hashsand outputs propose says what one would cost.')
  }
  if (proposer === undefined) return
  const credit = await creditOf(l1, manifest, proposer)
  if (credit === 0n) return
  const text = `${formatEther(credit)} ETH are booked to ${proposer}: hashsand outputs claim --as ${as} --send`
  context.output.result({ account: proposer, creditWei: credit }, text)
}

/** Books a bond whose verdict stands to whom it belongs. Anybody may. */
export async function settleBond(context: Context, manifest: Manifest, id: string, who: Who): Promise<void> {
  const l1 = openL1(manifest)
  const bond = (await bondsOf(l1, manifest)).find((one) => String(one.id) === id)
  if (bond === undefined || bond.state === 'returned' || bond.state === 'lost') throw new NoSuchBondError(id)
  if (bond.state === 'open') throw new BondOpenError(bond.id, bond.l2Block, dateOf(bond.deadline ?? 0n))
  const to = bond.isReturned === true ? `${bond.proposer}, who posted it` : "the oracle's challenger"
  const call = settleBondCall({ manifest, bondId: bond.id })
  const what = { fields: { id: bond.id, isReturned: bond.isReturned }, text: `Bond ${id} goes to ${to}` }
  await act(context, l1, { who, call, what, key: `settle-${id}` })
}

/** Sends what is booked to an account to it, or to another address. */
export async function claimBonds(
  context: Context,
  manifest: Manifest,
  { to, ...who }: Who & { to?: string },
): Promise<void> {
  const l1 = openL1(manifest)
  const { account } = await signerOf(context, who.as)
  if (to !== undefined && !isAddress(to)) {
    throw new UnknownNameError('address', to, ['0x and 40 hex digits with a right checksum'])
  }
  const credit = await creditOf(l1, manifest, account.address)
  if (credit === 0n) throw new NothingToClaimError(account.address)
  const recipient = to ?? account.address
  const what = {
    fields: { from: account.address, to: recipient, amountWei: credit },
    text: `${formatEther(credit)} ETH go to ${recipient}`,
  }
  const nonce = await l1.getTransactionCount({ address: account.address })
  await act(context, l1, {
    who,
    call: claimBondsCall({ manifest, to: recipient }),
    what,
    key: `claim-${nonce}`,
  })
}

type Act = {
  who: Who
  call: ReturnType<typeof settleBondCall>
  what: { fields: Record<string, unknown>; text: string }
  key: string
}

async function act(context: Context, l1: PublicClient, { who, call, what, key }: Act): Promise<void> {
  const { output } = context
  const signer = await signerOf(context, who.as)
  const cost = await costOf(l1, signer.account.address, call)
  output.result(
    { ...what.fields, dryRun: who.send !== true, maxCostWei: cost },
    `${what.text}. Gas at most ${formatEther(cost)} ETH.`,
  )
  if (who.send !== true) return output.progress('Nothing was sent. Add --send to do it.')
  const transaction = await sendOnL1(context, l1, { signer, call, key })
  output.result({ transaction }, `Sent: ${transaction}`)
}

async function bondsOf(l1: PublicClient, manifest: Manifest, proposer?: Address): Promise<Bond[]> {
  const toBlock = await l1.getBlockNumber()
  return readBonds(l1, { manifest, proposer, fromBlock: BigInt(manifest.l1.startBlock.number), toBlock })
}

function creditOf(l1: PublicClient, manifest: Manifest, owner: Address): Promise<bigint> {
  const address = manifest.l1.contracts.OutputProposer
  return l1.readContract({ address, abi: outputProposer.abi, functionName: 'creditOf', args: [owner] })
}

function describe({ id, l2Block, root, proposer, state, isReturned, deadline }: Bond): string {
  const more = {
    open: `decided by ${dateOf(deadline ?? 0n)} at the latest`,
    settleable: isReturned === true ? 'goes back to its proposer' : 'goes to the challenger',
    returned: '',
    lost: '',
  }[state]
  return `${String(id).padStart(4)}  L2 ${String(l2Block).padEnd(9)}  ${root}  ${proposer}  ${state.padEnd(10)}  ${more}`.trimEnd()
}

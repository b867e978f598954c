import { type Command, Option } from 'commander'
import type { PublicClient, TransactionReceipt } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Call } from '../../../bridge/actions.ts'
import { sendOnce } from '../../runtime/attempt.ts'
import { openKeystore, readPassword } from '../../runtime/keystore.ts'
import type { Context } from '../context.ts'
import { TransferRevertedError, UsageError } from '../errors.ts'
import { signerOf } from '../outputs/send.ts'
import { openWallet, type Side } from '../wallet.ts'

export type KeyOptions = { as: string; keystore?: string; passwordFile?: string }

/** `name` is that of its wallet: one for each key, wherever it came from. */
export type Signer = { name: string; account: PrivateKeyAccount }

export function withKey(command: Command): Command {
  return command
    .option('--as <role>', 'whose key of HASHSAND_KEYS or the state folder', 'deployer')
    .addOption(new Option('--keystore <file>', 'a key of its own instead'))
    .option('--password-file <file>', 'its password')
}

/** The key of a role, or of a keystore. */
export async function openSigner(context: Context, options: KeyOptions): Promise<Signer> {
  const { as, keystore, passwordFile } = options
  if (keystore === undefined) {
    const { role, account } = await signerOf(context, as)
    return { name: role, account }
  }
  if (passwordFile === undefined) throw new UsageError('--keystore needs --password-file too.')
  const account = privateKeyToAccount(await openKeystore(keystore, await readPassword(passwordFile)))
  return { name: account.address, account }
}

export type Sending = {
  client: PublicClient
  side: Side
  signer: Signer
  call: Call
  /** What the chain lacks at block `missingAt`. Sent again by a run after a kill, it is still one transaction. */
  effect: string
  missingAt: bigint
}

/** Sends one call durably and waits for it; undefined where one for the same effect was included meanwhile. Throws TransferRevertedError. */
export async function sendCall(
  { folder }: Pick<Context, 'folder'>,
  { client, side, signer, call, effect, missingAt }: Sending,
): Promise<TransactionReceipt | undefined> {
  const outbox = await openWallet({ folder, name: signer.name, side, client, account: signer.account })
  try {
    const receipt = await sendOnce(outbox, { effect, missingAt }, call)
    if (receipt !== undefined && receipt.status !== 'success')
      throw new TransferRevertedError(receipt.transactionHash)
    return receipt
  } finally {
    await outbox.close()
  }
}

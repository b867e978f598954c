import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openNetwork } from '../clients.ts'
import { contextOf } from '../context.ts'
import { addRpcs, manifestBy, type Rpcs } from '../rpcs.ts'
import { type BackupNote, backUpOperator, restoreOperator } from './backup.ts'
import { parseScalar, showFees } from './fees.ts'
import { showFeeVaults } from './feeVaults.ts'
import { type KeyOptions, openSigner, withKey } from './signer.ts'

type Options = KeyOptions & Rpcs & { send?: boolean }
type FeesOptions = Options & { baseFeeScalar?: string; blobBaseFeeScalar?: string }

/** What an operator does now and then, beside keeping the programs alive. */
export function registerErrands(operator: Command): void {
  registerFees(operator)
  registerBackups(operator)
}

function registerFees(operator: Command): void {
  onNetwork(operator.command('fee-vaults'))
    .description(
      'what users paid for their transactions and lies in the fee vaults; with --send it is withdrawn',
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      const manifest = await manifestBy(context, options)
      const { l2 } = await openNetwork(manifest)
      const { finalizationPeriodSeconds } = manifest.bridge
      const signer = options.send === true ? await openSigner(context, options) : undefined
      await showFeeVaults(context, { l2, finalizationPeriodSeconds, ...(signer && { signer }) })
    })

  onNetwork(operator.command('fees'))
    .description(
      "what users pay for their data on L1, and a change of it: the governor's call to L1's timelock, and what anybody executes after its delay",
    )
    .option('--base-fee-scalar <number>', 'millionths of the price of calldata, 16 gas a byte')
    .option('--blob-base-fee-scalar <number>', 'millionths of the price of a gas of blobs')
    .action(async (options: FeesOptions, command: Command) => {
      const context = contextOf(command)
      const { baseFeeScalar, blobBaseFeeScalar } = options
      const wanted = {
        ...(baseFeeScalar !== undefined && { baseFee: parseScalar('baseFee', baseFeeScalar) }),
        ...(blobBaseFeeScalar !== undefined && {
          blobBaseFee: parseScalar('blobBaseFee', blobBaseFeeScalar),
        }),
      }
      const manifest = await manifestBy(context, options)
      const clients = await openNetwork(manifest)
      const signer = options.send === true ? await openSigner(context, options) : undefined
      const { contracts } = manifest.l1
      await showFees(context, { ...clients, contracts, wanted, ...(signer && { signer }) })
    })
}

function registerBackups(operator: Command): void {
  onData(operator.command('backup'))
    .description(
      'copy the chain of an operator that is stopped; blocks that are not safe yet are nowhere else',
    )
    .argument('<folder>', 'where to; not there yet')
    .action(async (folder: string, { data }: { data: string }, command: Command) => {
      const to = resolve(folder)
      const size = sizeOf(await backUpOperator(resolve(data), to))
      contextOf(command).output.result({ backup: to, ...size }, `${describeSize(size)} are in ${to}.`)
    })
  onData(operator.command('restore'))
    .description('put a backup into an empty folder; the next start goes on from there by L1')
    .argument('<folder>', 'what hashsand operator backup wrote')
    .action(async (folder: string, { data }: { data: string }, command: Command) => {
      const size = sizeOf(await restoreOperator(resolve(folder), resolve(data)))
      const text = `${describeSize(size)} are restored. Start with hashsand operator up --data ${data}.`
      contextOf(command).output.result({ restored: resolve(data), ...size }, text)
    })
}

const onData = (command: Command): Command =>
  command.requiredOption('--data <folder>', "the chain's own folder, as hashsand operator up has it")

type Size = { files: number; bytes: number }
const sizeOf = ({ files }: BackupNote): Size => ({
  files: files.length,
  bytes: files.reduce((sum, file) => sum + file.bytes, 0),
})
const describeSize = ({ files, bytes }: Size) => `${files} files, ${(bytes / 1e6).toFixed(1)} MB,`

function onNetwork(command: Command): Command {
  return addRpcs(withKey(command)).option('--send', 'sign and send')
}

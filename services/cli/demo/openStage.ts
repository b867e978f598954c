import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hex } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Call } from '../../../bridge/actions.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import { openNetwork } from '../clients.ts'
import type { StateFolder } from '../devnet/profile.ts'
import { DemoError, WaitedTooLongError } from '../errors.ts'
import type { Output } from '../output.ts'
import { openWallet, type Side } from '../wallet.ts'
import { type Journal, openJournal } from './journal.ts'
import { reads } from './reads.ts'
import { reporter } from './reporter.ts'
import type { Party, Stage, StepResult } from './stage.ts'

const patienceMs = 180_000

const partyNames = ['pool', 'miner', 'buyer'] as const

export type OpenStageParameters = {
  manifest: Manifest
  folder: StateFolder
  output: Output
  signal: AbortSignal
}

export type OpenedStage = {
  stage: Stage
  results: StepResult[]
  finish(): Promise<void>
  close(): Promise<void>
}

/** Takes up the demo where the last process left it, or begins one with accounts of its own. */
export async function openStage({
  manifest,
  folder,
  output,
  signal,
}: OpenStageParameters): Promise<OpenedStage> {
  const clients = await openNetwork(manifest)
  const journal = await openJournal(join(folder.demo, 'journal.json'), manifest.l2.genesisHash)
  const keys = await journal.once('keys', async () => Object.fromEntries(partyNames.map(newKey)))
  // Safe: the stored object has one key per party name.
  const accounts = Object.fromEntries(
    partyNames.map((name) => [name, privateKeyToAccount(keys[name] as Hex)]),
  ) as Record<Party, PrivateKeyAccount>

  const run = accounts.miner.address.slice(2, 10).toLowerCase()
  const outboxes = new Map<string, Promise<Outbox>>()
  const outboxOf = (party: Party, side: Side): Promise<Outbox> => {
    const name = `${party}-${side}`
    const opened = outboxes.get(name) ?? open(name, side, accounts[party])
    outboxes.set(name, opened)
    // One that could not be opened, because the network was away, is opened anew by the next call.
    opened.catch(() => outboxes.delete(name))
    return opened
  }
  const open = (name: string, side: Side, account: PrivateKeyAccount) =>
    openWallet({ folder, name: `demo-${run}-${name}`, side, client: clients[side], account, signal })

  const results: StepResult[] = []
  const stage: Stage = {
    ...(await reads({ manifest, clients, accounts })),
    step: reporter({ journal, output, results }),
    remember: journal.once,
    send: sender({ journal, outboxOf }),
  }
  return {
    stage,
    results,
    finish: journal.close,
    close: async () => {
      for (const outbox of outboxes.values()) await (await outbox).close()
    },
  }
}

type SenderParameters = {
  journal: Journal
  outboxOf: (party: Party, side: Side) => Promise<Outbox>
}

function sender({ journal, outboxOf }: SenderParameters): Stage['send'] {
  return async (party, side, name, call: Call) => {
    // The first form of a call is the one that is sent, even if prices or clocks have moved when it is asked for again.
    const kept = await journal.once(`call-${party}-${side}-${name}`, async () => call)
    const outbox = await outboxOf(party, side)
    const receipt = await Promise.race([
      outbox.send({ key: name, ...kept }),
      sleep(patienceMs, undefined, { ref: false }).then(() => {
        throw new WaitedTooLongError(
          `the ${party}'s transaction "${name}" on ${side.toUpperCase()}`,
          patienceMs / 1_000,
          'It is stored and sent again when the demo goes on: run it once more.',
        )
      }),
    ])
    if (receipt.status === 'success') return { side, hash: receipt.transactionHash }
    throw new DemoError(
      `The ${party}'s transaction "${name}", ${receipt.transactionHash} on ${side.toUpperCase()}, reverted. Begin a new demo with --fresh.`,
    )
  }
}

function newKey(name: Party): [Party, Hex] {
  return [name, generatePrivateKey()]
}

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Address, Hash } from 'viem'
import { withdrawEtherCall } from '../../bridge/actions.ts'
import { withdrawalsOf } from '../../bridge/observe.ts'
import { root } from '../../chain/artifacts.ts'
import { minedOn, type TestNetwork } from './sequencerNetwork.ts'

/** The hashsand command on a test network, as a person would: one JSON object a line on standard output. Rejects with the exit code and the error. */
export async function command({ dir }: TestNetwork, ...words: string[]): Promise<string[]> {
  const started = ['services/start.js', 'cli', '--json', '--manifest', join(dir, 'manifest.json'), ...words]
  const { stdout } = await promisify(execFile)(process.execPath, started, { cwd: root })
  return stdout.trim().split('\n')
}

/** Begins a withdrawal of three wei, and answers its hash. */
export async function withdraw({ l2, l2Wallet }: TestNetwork, to: Address): Promise<Hash> {
  const hash = await l2Wallet('user').sendTransaction(withdrawEtherCall({ amount: 3n, to }))
  const [withdrawal] = withdrawalsOf(await minedOn(l2, hash))
  assert.ok(withdrawal)
  return withdrawal.hash
}

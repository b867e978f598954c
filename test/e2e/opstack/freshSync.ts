import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../../../chain/engine/opstack/process.ts'
import { createKeysFile } from '../../../services/runtime/keys.ts'
import { eventually, type RunningNetwork } from '../../support/network.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

type Message = { id: string; kind: string; state: string } & Record<string, unknown>

/** A sequencer service with an empty store reads both chains from their beginning, and comes to what the running one knows. */
export async function freshSync(network: RunningNetwork): Promise<void> {
  const port = await freePort('a second sequencer service')
  // Keys of its own: those of the running service are in use. It sends nothing with them.
  const keys = join(network.box.state, 'fresh-keys.json')
  await createKeysFile(keys)
  const service = startBeside(network, { name: 'fresh', port, keys })
  const ended = once(service, 'exit')
  service.stdout?.resume()
  try {
    const know = async (url: string | undefined) => {
      const response = await fetch(`${url}/v1/messages`)
      const { messages } = (await response.json()) as { messages: Message[] }
      return new Map(messages.map((message) => [message.id, essence(message)]))
    }
    await eventually(
      async () => {
        const [running, fresh] = await Promise.all([
          know(network.manifest.services.sequencer),
          know(`http://127.0.0.1:${port}`),
        ])
        assert.ok(running.size > 0)
        assert.deepEqual(fresh, running)
        return true
      },
      'a fresh sync with the same messages',
      90,
    )
  } finally {
    service.kill('SIGTERM')
    await ended
  }
}

/** What a message is and where it stands, without the way there. */
function essence({ kind, state, deposit, withdrawal, effect }: Message) {
  return { kind, state, deposit, withdrawal, effect }
}

type Beside = { name: string; port: number; keys: string; env?: Record<string, string> }

/** Another sequencer service of the network, with a store of its own; it sends nothing. */
export function startBeside(
  { box, manifest }: RunningNetwork,
  { name, port, keys, env = {} }: Beside,
): ChildProcess {
  return spawn(process.execPath, ['services/start.js', 'sequencer'], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      HASHSAND_MANIFEST: join(box.state, `${manifest.l2.chainId}.json`),
      HASHSAND_KEYS: keys,
      HASHSAND_STATE_DIR: join(box.state, `${name}-sequencer`),
      HASHSAND_L1_DURABLE: join(box.state, 'engine', 'l1', 'durable.json'),
      HASHSAND_PORT: String(port),
      HASHSAND_RELAY: 'off',
      ...env,
    },
  })
}

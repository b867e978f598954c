import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../chain/engine/opstack/process.ts'

export type Btcd = {
  url: string
  credentials: { user: string; password: string }
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  /** Ends it without a word, as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on its data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 60_000

/**
 * Runs the program until its own standard input ends: when the test process is gone, however it went, btcd goes too. The first line that
 * it prints is the process id.
 */
const keeper =
  'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & child=$!; echo $child; read _; kill $child; wait $child'

/** A regtest node on the loopback, in a temporary folder. */
export async function startBtcd(path: string): Promise<Btcd> {
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-btcd-'))
  const port = await freePort('btcd')
  const url = `http://127.0.0.1:${port}`
  const credentials = { user: 'reader', password: 'secret' }
  const log = join(dir, 'log')
  let stopKeeper = async () => {}
  let pid = 0

  const rpc = (method: string, ...params: unknown[]) => callBtcd(url, credentials, method, params)

  async function start() {
    const args = [
      '--regtest',
      '--notls',
      '--nolisten',
      `--rpclisten=127.0.0.1:${port}`,
      `--rpcuser=${credentials.user}`,
      `--rpcpass=${credentials.password}`,
      `--datadir=${join(dir, 'data')}`,
      `--logdir=${join(dir, 'logs')}`,
    ]
    const child = spawn('sh', ['-c', keeper, 'sh', log, path, ...args], {
      env: { HOME: dir, PATH: process.env.PATH },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const ended = once(child, 'exit')
    stopKeeper = async () => {
      child.stdin.end()
      await ended
    }
    const [line] = await once(child.stdout, 'data')
    pid = Number(String(line).trim())
    const deadline = Date.now() + START_TIMEOUT_MS
    while (
      !(await rpc('getblockcount').then(
        () => true,
        () => false,
      ))
    ) {
      if (Date.now() > deadline)
        throw new Error(`btcd does not answer: ${readFileSync(log, 'utf8').slice(-500)}`)
      await sleep(50)
    }
  }

  await start()
  return {
    url,
    credentials,
    rpc,
    start,
    async kill() {
      process.kill(pid, 'SIGKILL')
      await stopKeeper()
    },
    async stop() {
      await stopKeeper()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function callBtcd(
  url: string,
  { user, password }: Btcd['credentials'],
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result: unknown; error: { message: string } | null }
  if (error !== null) throw new Error(`btcd answered ${method} with: ${error.message}`)
  return result
}

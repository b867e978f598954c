import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

const binary = join(import.meta.dirname, '..', '..', 'chain', 'bin', 'anvil')

export type AnvilNode = {
  url: string
  port: number
  rpc: <T = unknown>(method: string, ...params: unknown[]) => Promise<T>
  /** Writes the node's state where a later start can load it. */
  dump(file: string): Promise<void>
  kill(): Promise<void>
}

/** A real anvil on a port of its own. */
export async function startAnvil(args: readonly string[] = [], port?: number): Promise<AnvilNode> {
  const chosen = port ?? (await freePort())
  const child = spawn(binary, ['--silent', '--port', String(chosen), ...args], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${chosen}`
  const rpc = async <T>(method: string, ...params: unknown[]) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result, error } = (await response.json()) as { result: T; error?: { message: string } }
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
  await answering(rpc)
  return {
    url,
    port: chosen,
    rpc,
    dump: async (file) => {
      const hex = await rpc<string>('anvil_dumpState', false)
      await writeFile(file, gunzipSync(Buffer.from(hex.slice(2), 'hex')))
    },
    kill: () => killed(child),
  }
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answering(rpc: (method: string) => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const up = await rpc('eth_chainId').catch(() => undefined)
    if (up !== undefined) return
    await sleep(25)
  }
  throw new Error('anvil did not answer within 5 seconds')
}

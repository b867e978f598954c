import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import type { Address } from 'viem'
import { KeyInUseError } from './keyErrors.ts'

/*
 * One key is used by one process of a machine. The lock is a socket with a name and no file (Linux's abstract namespace): it spans users and
 * units that share no folder, and the system frees it however its holder dies. Other systems have none, and there nothing is locked.
 */

export type KeyLock = { release(): Promise<void> }

export type LockKeyParameters = {
  address: Address
  chainId: number
  /** Who holds it, for whoever is refused. */
  holder: string
}

/** Takes a key on one chain for this process. Throws KeyInUseError naming the holder. */
export async function lockKey({ address, chainId, holder }: LockKeyParameters): Promise<KeyLock> {
  if (process.platform !== 'linux') return { release: async () => {} }
  const name = `\0hashsand key ${address.toLowerCase()} chain ${chainId}`
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(`${holder}, process ${process.pid}`)
  })
  server.listen(name)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    throw new KeyInUseError(address, chainId, await askHolder(name), error)
  }
  // It alone keeps no process alive.
  server.unref()
  return { release: () => closed(server) }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** What the holder says of itself; one that hangs says nothing. */
async function askHolder(name: string): Promise<string> {
  const socket = connect(name).setEncoding('utf8').setTimeout(1_000)
  socket.on('timeout', () => socket.destroy())
  try {
    const words = (await socket.toArray()).join('')
    return words === '' ? 'another process' : words.slice(0, 200)
  } catch {
    return 'another process'
  }
}

import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk that is really full when it is filled. */
export type SmallDisk = {
  path: string
  /** Leaves so many pages free. */
  fill(pages?: number): Promise<void>
  /** Takes away what `fill` wrote. */
  free(): Promise<void>
  unmount(): Promise<void>
}

const pageBytes = 4_096
const ballast = 'ballast-'

/** A file system of its own in memory. Skips the test with a word where none can be mounted: it takes root. */
export async function mountSmallDisk(megabytes: number, context: Mocha.Context): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    await rm(path, { recursive: true, force: true })
    process.stdout.write('    no disk of its own can be mounted here: run this as root\n')
    context.skip()
  }
  return {
    path,
    fill: async (pages = 0) => {
      const reserve = join(path, `${ballast}reserve`)
      if (pages > 0) await writeFile(reserve, Buffer.alloc(pages * pageBytes))
      for (const bytes of [1 << 20, 1 << 16, pageBytes]) await writeUntilFull(path, bytes)
      await rm(reserve, { force: true })
    },
    free: async () => {
      for (const name of await readdir(path)) if (name.startsWith(ballast)) await rm(join(path, name))
    },
    unmount: async () => {
      execFileSync('umount', ['-l', path], { stdio: 'ignore' })
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** The last file is cut off where the room ends. */
async function writeUntilFull(path: string, bytes: number): Promise<void> {
  for (let file = 0; ; file++) {
    const isFull = await writeFile(join(path, `${ballast}${bytes}-${file}`), Buffer.alloc(bytes)).then(
      () => false,
      () => true,
    )
    if (isFull) return
  }
}

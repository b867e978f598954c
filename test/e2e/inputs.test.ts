import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Command, hashsand, interrupt, refusal, type Sandbox, sandbox, up } from '../support/devnet.ts'

// The story: somebody does something wrong. Each time: one line that says what and how to mend it, an exit code, nothing changed.
// What needs no network of its own: network/inputs.test.ts.

/** Every file below a folder with a hash of its bytes, but for the lock, which only says who looked. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(join(folder, 'lock'))) continue
    found[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return found
}

describe('wrong input', () => {
  let box: Sandbox
  let network: Command | undefined

  before(async () => {
    box = await sandbox()
  })
  after(async () => {
    await network?.killTree().catch(() => {})
    await box.remove()
  })

  it('refuses a port that is in use, before anything is written', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(box.basePort + 1_003, '127.0.0.1', resolve))
    try {
      const { error, message } = await refusal(up(box))
      assert.equal(error, 'PortInUseError')
      assert.match(message, new RegExp(`Port ${box.basePort + 1_003}, wanted for relayer`))
      assert.match(message, /--base-port/)
      assert.deepEqual(await snapshot(box.state), {})
    } finally {
      squatter.close()
    }
  })

  it('refuses a folder that is not a state folder', async () => {
    const folder = join(box.state, 'letters')
    await mkdir(folder)
    await writeFile(join(folder, 'letter.txt'), 'Dear')
    const before = await snapshot(folder)
    for (const args of [
      ['devnet', 'up'],
      ['devnet', 'reset', '--yes'],
    ]) {
      const { error } = await refusal(hashsand(['--state', folder, ...args]))
      assert.equal(error, 'StateFolderError')
    }
    assert.deepEqual(await snapshot(folder), before)
  })

  describe('on a network that is up', () => {
    before(async function () {
      this.timeout(120_000)
      // The folder of the test before stands in the way of a first start.
      await box.remove()
      box = await sandbox()
      network = up(box)
      await network.line((line) => line.up === true)
    })

    it('refuses a corrupted state file, leaves it, and repairs it when asked', async function () {
      this.timeout(120_000)
      assert.equal(network === undefined ? 1 : await interrupt(network), 0)
      const newest = await newestDump(join(box.state, 'engine', 'l1', 'dumps'))
      const bytes = await readFile(newest)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
      await writeFile(newest, bytes)
      const before = await snapshot(box.state)

      const { error, message } = await refusal(up(box))
      assert.equal(error, 'CorruptedStateError')
      assert.match(message, /hashsand devnet repair/)
      assert.deepEqual(await snapshot(box.state), before)

      const repair = hashsand([...box.args, 'devnet', 'repair'])
      assert.equal(await repair.ended, 0, repair.stderr())
      assert.equal(repair.lines.length, 1)
      network = up(box)
      await network.line((line) => line.up === true)
      assert.equal(await interrupt(network), 0)
    })

    it('deletes a network only when told so twice', async () => {
      const { error } = await refusal(hashsand([...box.args, 'devnet', 'reset']))
      assert.equal(error, 'ConfirmationMissingError')
      assert.equal(existsSync(box.state), true)
      assert.equal(await hashsand([...box.args, 'devnet', 'reset', '--yes']).ended, 0)
      assert.equal(existsSync(box.state), false)
    })
  })
})

async function newestDump(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => /\d/.test(name)).sort()
  const name = files.at(-1)
  assert.ok(name !== undefined, `no dump in ${folder}`)
  return join(folder, name)
}

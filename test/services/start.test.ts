import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../chain/artifacts.ts'

// The launcher in an installation of its own, with one program in it.

type Ended = { code: unknown; stdout: string; stderr: string }

describe('start', () => {
  let installation: string

  beforeEach(async () => {
    installation = await mkdtemp(join(tmpdir(), 'hashsand-start-'))
    for (const folder of ['chain', 'bridge', 'oracle', 'services/parrot'])
      await mkdir(join(installation, folder), { recursive: true })
    await cp(join(root, 'services', 'start.js'), join(installation, 'services', 'start.js'))
    await writeFile(join(installation, 'package-lock.json'), '{}')
    await symlink(join(root, 'node_modules'), join(installation, 'node_modules'))
    await speak("process.stdout.write(['one', ...process.argv.slice(2)].join(' '))")
  })
  afterEach(() => rm(installation, { recursive: true }))

  const speak = (text: string) => writeFile(join(installation, 'services/parrot/main.ts'), `${text}\n`)
  const bundles = () => readdir(join(installation, 'services/.cache'))
  const start = (...words: string[]) =>
    new Promise<Ended>((resolve) =>
      execFile(
        process.execPath,
        ['services/start.js', ...words],
        { cwd: installation },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
      ),
    )

  it('passes on the words, and bundles once for many starts at once', async () => {
    const all = await Promise.all([0, 1, 2, 3].map((at) => start('parrot', `${at}`, '--json')))
    assert.deepEqual(
      all.map(({ stdout }) => stdout),
      [0, 1, 2, 3].map((at) => `one ${at} --json`),
    )
    assert.equal((await bundles()).length, 1)
  })

  it('runs what the sources say now, and says where they fail', async () => {
    assert.equal((await start('parrot')).stdout, 'one')
    await speak("type Word = string\nconst word: Word = 'two'\nthrow new RangeError(word)")
    const { code, stderr } = await start('parrot')
    assert.equal(code, 1)
    assert.match(stderr, /RangeError: two\s+at .*services\/parrot\/main\.ts:3/)
    assert.equal((await bundles()).length, 2)
  })

  it('goes on when its bundle is gone, with what it has not used yet too', async () => {
    await writeFile(join(installation, 'services/parrot/later.ts'), "export const word = 'later'\n")
    const takeAway = "await rm('services/.cache', { recursive: true })"
    const sayLater = "process.stdout.write((await import('./later.ts')).word)"
    await speak(`import { rm } from 'node:fs/promises'\n${takeAway}\n${sayLater}`)
    assert.deepEqual(await start('parrot'), { code: 0, stdout: 'later', stderr: '' })
  })

  it('runs where nothing can be written', async () => {
    await writeFile(join(installation, 'services/.cache'), '')
    assert.deepEqual(await start('parrot', 'word'), { code: 0, stdout: 'one word', stderr: '' })
  })

  it('says in one line what is wrong with a name', async () => {
    const { code, stderr } = await start('carrot')
    assert.equal(code, 2)
    assert.equal(stderr, 'There is no program "carrot". Name one of parrot.\n')
  })
})

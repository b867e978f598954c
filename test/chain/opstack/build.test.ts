import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { buildOpStack } from '../../../chain/opstack/build.ts'
import { BuildFailedError, GoMissingError } from '../../../chain/opstack/errors.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip, cacheDir } from '../engine/opstack/fixture.ts'
import { temporaryFolder } from '../fixture.ts'

describe('build of the engine op-stack', function () {
  this.timeout(BUILD_TIMEOUT_MS)
  let built: Awaited<ReturnType<typeof buildOrSkip>>

  before(async function () {
    built = await buildOrSkip(this)
  })

  it('pins versions that follow the L1s of today, and the last proposer to an L2OutputOracle', () => {
    assert.deepEqual(built.versions, {
      geth: 'v1.101701.0',
      'op-node': 'v1.16.10',
      'op-batcher': 'v1.16.10',
      'op-proposer': 'v1.9.4',
    })
  })

  it('builds programs that run', () => {
    for (const path of Object.values(built.binaries)) execFileSync(path, ['--version'])
    const help = execFileSync(built.binaries['op-proposer'], ['--help'], { encoding: 'utf8' })
    assert.match(help, /l2oo-address/)
  })

  it('builds once, and leaves nothing half-built', async () => {
    const times = () => Object.values(built.binaries).map((path) => statSync(path).mtimeMs)
    const before = times()
    const steps: string[] = []
    const again = await buildOpStack({
      cacheDir,
      environment: process.env,
      onProgress: (step) => steps.push(step),
    })
    assert.deepEqual(again, built)
    assert.deepEqual(steps, [])
    assert.deepEqual(times(), before)
    const files = readdirSync(cacheDir, { recursive: true, encoding: 'utf8' })
    assert.deepEqual(
      files.filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  it('says what the compiler said, and leaves nothing behind', async () => {
    const { dir, remove } = await temporaryFolder()
    try {
      // No module is there, and none may be fetched.
      const environment = { PATH: process.env.PATH, HOME: dir, GOPROXY: 'off', GOFLAGS: '-modcacherw' }
      await assert.rejects(buildOpStack({ cacheDir: `${dir}/cache`, environment }), (error) => {
        if (error instanceof GoMissingError) return true
        assert.ok(error instanceof BuildFailedError)
        assert.match(error.message, /module lookup disabled/)
        return true
      })
      const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
      assert.deepEqual(
        files.filter((name) => /\.tmp$|\/geth$/.test(name)),
        [],
      )
    } finally {
      await remove()
    }
  })
})

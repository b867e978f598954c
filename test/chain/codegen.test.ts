import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { getAddress } from 'viem'
import { root } from '../../chain/artifacts.ts'
import { staleIn } from '../../chain/codegen.ts'
import * as addresses from '../../chain/generated/addresses.ts'
import { temporaryFolder } from './fixture.ts'

const folder = join(root, 'chain/generated')

function codegen(...args: string[]) {
  const script = join(root, 'chain/codegen.ts')
  return spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { cwd: root, encoding: 'utf8' })
}

describe('codegen', () => {
  it('finds the committed files fresh, and each below 1 MiB', () => {
    const { status, stderr } = codegen('--check')
    assert.equal(status, 0, stderr)
    for (const file of readdirSync(folder)) assert.ok(statSync(join(folder, file)).size < 1 << 20, file)
  })

  it('sees a file that was changed by hand, and one that is missing', async () => {
    const { dir, remove } = await temporaryFolder()
    try {
      cpSync(folder, dir, { recursive: true })
      const names = () => staleIn(dir).map(([file]) => file)
      const before = names()
      appendFileSync(join(dir, 'openzeppelinAbi.ts'), '// by hand')
      rmSync(join(dir, 'uniswapAbi.ts'))
      assert.deepEqual(names(), [...before, 'uniswapAbi.ts', 'openzeppelinAbi.ts'])
    } finally {
      await remove()
    }
  })

  it('writes addresses with their checksum', () => {
    for (const table of Object.values(addresses)) {
      for (const address of Object.values(table)) assert.equal(address, getAddress(address))
    }
  })
})

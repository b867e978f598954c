import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { KeyInUseError } from '../../../services/runtime/keyErrors.ts'
import { lockKey } from '../../../services/runtime/keyLock.ts'

describe('lock of a key', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip()
  })

  it('is taken once a chain, names its holder, and is free after a release', async () => {
    const address = privateKeyToAddress(generatePrivateKey())
    const lock = await lockKey({ address, chainId: 900, holder: 'the first' })
    await assert.rejects(
      lockKey({ address, chainId: 900, holder: 'the second' }),
      (error) => error instanceof KeyInUseError && error.holder === `the first, process ${process.pid}`,
    )
    const other = await lockKey({ address, chainId: 901, holder: 'the second' })
    await lock.release()
    await (await lockKey({ address, chainId: 900, holder: 'the third' })).release()
    await other.release()
  })

  it('is free once its holder was killed', async () => {
    const address = privateKeyToAddress(generatePrivateKey())
    const program = `
      import { lockKey } from './services/runtime/keyLock.ts'
      lockKey({ address: '${address}', chainId: 900, holder: 'a service' }).then(() => console.log('locked'))
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
    await once(child.stdout, 'data')
    await assert.rejects(
      lockKey({ address, chainId: 900, holder: 'me' }),
      (error) => error instanceof KeyInUseError && error.holder === `a service, process ${child.pid}`,
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockKey({ address, chainId: 900, holder: 'me' })).release()
  })

  it('outlives somebody who comes and goes without listening', async () => {
    const address = privateKeyToAddress(generatePrivateKey())
    const lock = await lockKey({ address, chainId: 900, holder: 'the first' })
    connect(`\0hashsand key ${address.toLowerCase()} chain 900`).destroy()
    await assert.rejects(lockKey({ address, chainId: 900, holder: 'the second' }), KeyInUseError)
    await lock.release()
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holderNote } from '../../../services/runtime/database/store.ts'
import { exitCode } from '../../../services/runtime/main.ts'
import { mountSmallDisk, type SmallDisk } from '../../support/smallDisk.ts'
import { type Load, startLoad } from '../sequencerLoad.ts'
import { startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

// The real process on disks that are really full, while messages go both ways. Nobody starts it again: it has to go on by itself.

type Answer = { status: number; text: string }

describe('sequencer on a full disk', function () {
  this.timeout(120_000)
  let stores: SmallDisk
  let states: SmallDisk
  let network: TestNetwork
  let load: Load
  let startedAt: string | undefined

  before(async function () {
    stores = await mountSmallDisk(24, this)
    states = await mountSmallDisk(24, this)
    network = await startTestNetwork({
      HASHSAND_STATE_DIR: join(stores.path, 'sequencer'),
      HASHSAND_L2_DUMPS: join(states.path, 'dumps'),
    })
    load = await startLoad(network)
    startedAt = await startOfProcess()
  })
  after(async () => {
    await network?.close()
    await stores?.unmount()
    await states?.unmount()
  })

  const get = async (path: string): Promise<Answer> => {
    const response = await fetch(`${network.manifest.services.sequencer}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const metric = async (name: string) =>
    new RegExp(`^${name} (.+)$`, 'm').exec((await get('/metrics')).text)?.[1]
  const startOfProcess = () => metric('process_start_time_seconds')
  const blockNumber = async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'eth_blockNumber' })
    const response = await fetch(network.manifest.l2.rpcUrl, { method: 'POST', body })
    return (await response.json()) as {
      id: number
      result?: string
      error?: { code: number; message: string }
    }
  }

  /** Messages until it says that it is not ready, and why. */
  async function sendUntilFull(reason: RegExp): Promise<void> {
    await until(async () => {
      await load.send()
      const { status, text } = await get('/readyz')
      return status === 503 && reason.test(text)
    }, `not ready for ${reason}`)
    assert.deepEqual(
      [await metric('hashsand_sequencer_ready'), await metric('hashsand_sequencer_disk_full')],
      ['0', '1'],
    )
    assert.equal((await get('/healthz')).status, 200)
  }

  async function readyAgain(): Promise<void> {
    await until(async () => (await get('/readyz')).status === 200, 'ready again')
    assert.equal(await metric('hashsand_sequencer_disk_full'), '0')
    assert.equal(await startOfProcess(), startedAt, 'the same process')
    await until(async () => (await blockNumber()).result !== undefined, 'L2 answers')
  }

  it('stands aside while its stores find no room, says so to operators and users, and goes on', async () => {
    await load.send()
    await stores.fill()
    await sendUntilFull(/No space left|no room/)
    const { status, text } = await get('/v1/status')
    assert.equal(status, 503)
    assert.match(text, /Free space on/)
    const { id, error } = await blockNumber()
    assert.deepEqual([id, error?.code], [7, -32_000])
    assert.match(error?.message ?? '', /^L2 stands still\. .*Free space on/)
    await load.send()
    await stores.free()
    await readyAgain()
  })

  it('waits while the states of L2 find no room, shows no block that is not on disk, and goes on', async () => {
    await states.fill()
    await sendUntilFull(/could not be written|no room/)
    assert.notEqual((await blockNumber()).error, undefined)
    await states.free()
    await readyAgain()
  })

  it('outlasts both being full together, again and again', async () => {
    for (const pages of [0, 3]) {
      await load.send()
      await Promise.all([stores.fill(pages), states.fill(pages)])
      await sendUntilFull(/Free space/)
      await Promise.all([stores.free(), states.free()])
      await readyAgain()
    }
  })

  it('stands aside too where it is started on a full disk', async () => {
    await network.killSequencer()
    await stores.fill()
    await load.send()
    await network.startSequencer()
    startedAt = await startOfProcess()
    const { status, text } = await get('/readyz')
    assert.equal(status, 503)
    assert.match(text, /Free space on/)
    await stores.free()
    await readyAgain()
  })

  it('has lost nothing, doubled nothing, and left nothing behind', () => load.checkEndState(60))

  it('ends where a write fails for another reason, for whoever watches over it', async () => {
    const pid = await readFile(join(stores.path, 'sequencer', 'messages', holderNote), 'utf8')
    execFileSync('prlimit', ['--pid', pid, '--fsize=0'])
    // A word of the operator is on disk before it counts.
    await fetch(`${network.manifest.services.sequencer}/v1/pause`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'a test' }),
    }).catch(() => {})
    assert.equal(await network.sequencerExit(), exitCode.retry)
  })
})

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, parseEther, zeroAddress } from 'viem'
import { foundry } from 'viem/chains'
import { simulatorNetwork } from '../../oracle/developmentNetworks.ts'
import { reportDigest } from '../../oracle/report.ts'
import { networkIdentity } from '../../services/relayer/network.ts'
import { openJournalStore } from '../../services/relayer/store.ts'
import { createKeysFile, readKeys } from '../../services/runtime/keys.ts'
import { startAnvil } from '../bridge/anvilNode.ts'
import { nodeArguments, relayerStage, type Stage } from './relayerFixture.ts'

// The relayer as its own process, on a real node with the real contracts, killed whenever it likes least.

const network = simulatorNetwork()
const epochs = 24

describe('relayer', function () {
  this.timeout(240_000)
  let folder = ''
  let stage: Stage
  let running: ChildProcess

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-relayer-'))
    stage = await relayerStage(folder, { network, daysOver: 4 })
  })
  after(async () => {
    await stage.relayer.killAll()
    await stage.node.kill()
    await rm(folder, { recursive: true, force: true })
  })

  it('attests every day once and in order, although it is killed again and again', async () => {
    const { client, index, kernel, relayer } = stage
    const last = network.firstDay + epochs - 1
    for (const pause of [700, 1_100, 1_500, 1_900, 2_300, 2_700, 3_100, 1_300]) {
      const child = relayer.start()
      await sleep(pause)
      if (child.exitCode !== null) assert.fail(`the relayer ended by itself with ${child.exitCode}`)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    running = relayer.start()
    const poked = () => client.readContract({ ...kernel, functionName: 'pokedUntil', args: [1] })
    for (let tries = 0; (await poked()) <= last; tries++) {
      if (tries === 120) assert.fail(`day ${last} is not in the ledger, only those before ${await poked()}`)
      await sleep(500)
    }

    const logs = await client.getContractEvents({ ...index, eventName: 'DayAttested', fromBlock: 0n })
    const pokes = await client.getContractEvents({ ...kernel, eventName: 'Poked', fromBlock: 0n })
    const consecutive = (list: readonly unknown[]) => list.map((_, at) => network.firstDay + at)
    assert.ok(logs.length >= epochs)
    assert.deepEqual(
      logs.map(({ args }) => args.day),
      consecutive(logs),
    )
    assert.deepEqual(
      pokes.map(({ args }) => args.day),
      consecutive(pokes),
    )
  })

  it('F1: waits while the node is away, and goes on when it is back', async () => {
    const { client, node, index } = stage
    const attested = () => client.readContract({ ...index, functionName: 'newestDay', args: [1] })
    const state = join(folder, 'state.json')
    await node.dump(state)
    await node.kill()
    await sleep(2_000)
    assert.equal(running.exitCode, null)
    stage.node = await startAnvil([...nodeArguments, '--load-state', state], node.port)
    const before = await attested()
    for (let tries = 0; (await attested()) <= before + 1; tries++) {
      if (tries === 40) assert.fail(`still at day ${before}`)
      await sleep(500)
    }
  })

  it('answers about itself and about days over HTTP', async () => {
    const { client, index, relayer } = stage
    const { json } = relayer
    const status = await json('/v1/status')
    assert.equal(status.httpStatus, 200)
    assert.equal(status.ready, true)
    assert.equal(status.exhausted, false)
    assert.deepEqual(status.network, { id: 1, name: 'BTC-SIM', unit: '1 H/s', source: 'simulator' })
    assert.ok(Number(status.lastAttestedDay) >= network.firstDay + epochs - 1)
    assert.ok(Number(status.epoch) > Number(status.lastAttestedDay))
    assert.equal((await json('/healthz')).ok, true)
    assert.equal((await json('/readyz')).httpStatus, 200)

    const day = await json(`/v1/days/${network.firstDay}`)
    const stored = await client.readContract({ ...index, functionName: 'dayOf', args: [1, network.firstDay] })
    assert.deepEqual(day.index, {
      subsidy: stored.subsidyIndex.toString(),
      fees: stored.feesIndex.toString(),
      cappedFees: stored.cappedFeesIndex.toString(),
      total: (stored.subsidyIndex + stored.feesIndex).toString(),
      cappedTotal: (stored.subsidyIndex + stored.cappedFeesIndex).toString(),
    })
    assert.equal((await json('/v1/days/1')).httpStatus, 404)
    assert.equal((await json('/v1/days/today')).httpStatus, 400)
    assert.equal((await json('/v1/nothing')).httpStatus, 404)

    const metrics = await (await fetch(`${relayer.url}/metrics`)).text()
    assert.match(metrics, /hashsand_relayer_last_attested_day \d+/)
    assert.match(metrics, /hashsand_relayer_lag_days \d+/)
  })

  it('stops on SIGTERM with 0, and left one digest for every day it signed', async () => {
    const { client, contracts, index, manifest } = stage
    running.kill('SIGTERM')
    const [code] = await once(running, 'exit')
    assert.equal(code, 0)

    const [named] = manifest.networks
    assert.ok(named)
    const identity = networkIdentity({ manifest, network: named, contracts })
    const configDigest = await client.readContract({ ...index, functionName: 'configDigest', args: [1] })
    const domain = { chainId: foundry.id, rewardIndex: contracts.rewardIndex, configDigest }
    let counted = 0
    for (const { address } of stage.signers) {
      const path = join(folder, 'relayer', `journal-${address.toLowerCase()}`)
      const store = await openJournalStore(path, `${identity}, key ${address}`)
      for (const [key, { digests, report }] of await store.allSigned()) {
        assert.equal(key, `1/${report.day}/${report.round}`)
        assert.deepEqual(digests, [reportDigest(report, domain)])
        counted += 1
      }
      await store.close()
    }
    assert.ok(counted >= 3 * epochs, `${counted} reports signed`)
  })

  it('F3, F12: ends with a remedy when the manifest, the store or the keys are of something else', async () => {
    const { manifest, node, relayer } = stage
    const ends = async (extra: Record<string, string>) => {
      const child = relayer.start(extra)
      let output = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8')
      })
      const [code] = await once(child, 'exit')
      assert.equal(code, 70)
      return output
    }
    const other = join(folder, 'other.json')
    const genesisHash: Hash = `0x${'12'.repeat(32)}`
    await writeFile(other, JSON.stringify({ ...manifest, l2: { ...manifest.l2, genesisHash } }))
    const keysFile = join(folder, 'strangers.json')
    await createKeysFile(keysFile)
    const strangers = await readKeys(keysFile)
    await node.rpc('anvil_setBalance', strangers.relayer.address, `0x${parseEther('10').toString(16)}`)

    const [wrongChain, wrongStore, wrongKeys, wrongSetting, noLedger] = await Promise.all([
      ends({ HASHSAND_MANIFEST: other }),
      ends({ HASHSAND_SIMULATOR_SEED: 'another' }),
      ends({ HASHSAND_KEYS: keysFile, HASHSAND_STATE_DIR: join(folder, 'strangers') }),
      ends({ HASHSAND_NETWORK: 'one', HASHSAND_LEDGER: 'here' }),
      ends({ HASHSAND_LEDGER: zeroAddress }),
    ])
    assert.match(wrongChain, /WrongChainError.*Use the manifest of that network/)
    assert.match(wrongStore, /RelayerStoreIdentityError.*or an empty one/)
    assert.match(wrongKeys, /NotASignerError.*or leave out --live to look on/)
    assert.match(noLedger, /NoContractError.*leave them out for the predeploys/)
    assert.match(wrongSetting, /HASHSAND_NETWORK[\s\S]*HASHSAND_LEDGER/)
  })
})

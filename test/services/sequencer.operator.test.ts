import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Registry } from 'prom-client'
import { type Hash, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { networkIdentity } from '../../chain/identity.ts'
import { writeManifest } from '../../chain/manifest.ts'
import { createApp as createApi } from '../../services/api/app.ts'
import { askSequencer } from '../../services/cli/askSequencer.ts'
import { backUp } from '../../services/cli/db/backup.ts'
import { StoreNotEmptyError } from '../../services/cli/db/errors.ts'
import { repairStore } from '../../services/cli/db/repair.ts'
import { restore } from '../../services/cli/db/restore.ts'
import { examine, type Patient } from '../../services/cli/doctor/examine.ts'
import type { Finding } from '../../services/cli/doctor/finding.ts'
import { SequencerRefusedError } from '../../services/cli/errors.ts'
import { serve } from '../../services/runtime/http.ts'
import { createLog } from '../../services/runtime/log.ts'
import { request } from '../../services/sequencer/network.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { startAnvil } from '../bridge/anvilNode.ts'
import { damageRow } from './cli/db/storeFixture.ts'
import { withdraw as begin, command as run } from './operatorsWork.ts'
import { startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

type Shown = { role: string; address: string; latest: number }

const repository = join(import.meta.dirname, '..', '..')

describe('what the operator of a sequencer does', function () {
  this.timeout(240_000)
  let network: TestNetwork
  const target = privateKeyToAccount(generatePrivateKey()).address

  before(async () => {
    network = await startTestNetwork()
  })
  after(() => network.close())

  const state = async (id: Hash) => (await network.ask<{ state: string }>(`/v1/messages/${id}`)).state
  const finalised = (id: Hash) => until(async () => (await state(id)) === 'finalised', `${id} finalised`)
  const withdraw = () => begin(network, target)
  const times = async (eventName: 'WithdrawalProven' | 'WithdrawalFinalized', withdrawalHash: Hash) => {
    const address = network.manifest.l1.contracts.OptimismPortal
    const args = { withdrawalHash }
    const range = { fromBlock: 0n, strict: true } as const
    return (
      await network.l1.getContractEvents({ address, abi: optimismPortalAbi, eventName, args, ...range })
    ).length
  }
  const command = (...words: string[]) => run(network, ...words)
  const sent = () => network.l1.getTransactionCount({ address: network.keys.sequencer.address })

  it('shows the nonces of each key, and cancels none at which nothing waits', async () => {
    const { keys } = network
    const ask = (path: string, say?: Record<string, string>) =>
      askSequencer(network.manifest, path, z.looseObject({}), say)
    const shown = await network.ask<{ keys: Shown[] }>('/v1/nonces')
    const byRole = new Map(shown.keys.map((key) => [key.role, key]))
    assert.deepEqual([...byRole.keys()], ['sequencer', 'proposer'])
    assert.equal(byRole.get('sequencer')?.address, keys.sequencer.address)
    assert.equal(byRole.get('sequencer')?.latest, await sent())
    assert.match((await command('nonce', 'show'))[1] ?? '', /"role":"proposer".*"gaps":\[\]/)
    assert.deepEqual((await ask('/v1/nonces/sequencer/resync', {})).filled, [])
    const refusals: [path: string, words: RegExp][] = [
      ['sequencer/0/cancel', /has used all below|nothing waits there/],
      ['sequencer/-1/cancel', /no nonce/],
      ['user/0/cancel', /sends nothing as user/],
      ['constructor/resync', /sends nothing as constructor/],
    ]
    for (const [path, words] of refusals) {
      await assert.rejects(ask(`/v1/nonces/${path}`, {}), (error) => {
        assert.ok(error instanceof SequencerRefusedError)
        return words.test(error.message)
      })
    }
    const body = { method: 'POST', body: '{}' }
    const headers = { 'content-type': 'application/json', origin: 'https://pages.example' }
    const url = `${network.manifest.services.sequencer}/v1/nonces/sequencer/resync`
    assert.equal((await fetch(url, { ...body, headers })).status, 403)
  })

  it('is shown again and again until Ctrl-C, a line at a time where there is no terminal', async () => {
    const { manifest } = network
    const api = createApi({ manifest, registry: new Registry(), log: createLog('api', 'silent') })
    const served = await serve({ app: api, port: 0, purpose: 'the api' })
    const path = join(network.dir, 'watched.json')
    await writeManifest(path, { ...manifest, services: { ...manifest.services, api: served.url } })
    const words = ['services/start.js', 'cli', '--manifest', path, 'status', '--watch']
    const child = spawn(process.execPath, words, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] })
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (lines.length === 2) child.kill('SIGINT')
    }
    if (child.exitCode === null) await once(child, 'exit')
    await served.close()
    assert.equal(child.exitCode, 0)
    // Nobody runs a relayer here.
    for (const line of lines) assert.match(line, /^test not healthy, L1 \d+, L2 \d+, relayer is down/)
  })

  /** What is not well, as `check: state`, and the whole of it for whoever reads a failure. */
  const illnesses = async (over: Partial<Patient> = {}) => {
    const { sequencer, proposer } = network.keys
    const found = await examine({
      readManifest: () => Promise.resolve(network.manifest),
      nodes: {},
      store: join(network.dir, 'sequencer'),
      readKeys: () => Promise.resolve({ sequencer: sequencer.address, proposer: proposer.address }),
      ...over,
    })
    assert.ok(found.every(({ state, remedy }) => (state === 'ok') === (remedy === undefined)))
    const ill = found.filter(({ state }) => state !== 'ok')
    return { ill: ill.map(({ check, state }) => `${check}: ${state}`), found }
  }

  it('finds nothing bad where all is well, and says so on the command line', async () => {
    const lines = await command(
      'doctor',
      '--store',
      join(network.dir, 'sequencer'),
      '--keys',
      join(network.dir, 'keys.json'),
    )
    // Safe: with --json every line is a finding.
    const found = lines.map((line) => JSON.parse(line) as Finding)
    // One node of L1 is all that there is here.
    assert.deepEqual(
      found.filter(({ state }) => state !== 'ok').map(({ check }) => check),
      ['L1 agreement'],
    )
    const checks = new Set(found.map(({ check }) => check))
    const all = [
      'versions',
      'disk',
      'store',
      'manifest',
      'L1 node',
      'L1 agreement',
      'L2 node',
      'service',
      'key sequencer',
    ]
    for (const check of [...all, 'key proposer', 'clock', 'identity', 'contracts', 'tokens']) {
      assert.ok(checks.has(check), check)
    }
  })

  it('finds what is bad: nodes, contracts, pairs, keys, a service that is away', async () => {
    const { manifest, l1 } = network
    const { rpcUrl } = manifest.l1
    const ill = async (over: Partial<Patient>) => (await illnesses(over)).ill
    const other = (change: (copy: typeof manifest) => void) => {
      const copy = structuredClone(manifest)
      change(copy)
      return ill({ readManifest: () => Promise.resolve(copy) })
    }
    assert.deepEqual(await ill({ nodes: { l1: [rpcUrl, rpcUrl] } }), [])
    assert.deepEqual(await ill({ nodes: { l1: [rpcUrl, manifest.l2.rpcUrl] } }), ['L1 node: bad'])
    assert.deepEqual(await ill({ nodes: { l1: [rpcUrl, 'http://127.0.0.1:1'] } }), ['L1 node: bad'])
    assert.deepEqual(await ill({ nodes: { l2: [rpcUrl] } }), ['L1 agreement: warn', 'L2 node: bad'])
    const stranger = await startAnvil(['--chain-id', '900'])
    assert.deepEqual(await ill({ nodes: { l1: [rpcUrl, stranger.url] } }), ['L1 node: bad'])
    await stranger.kill()
    const nowhere = privateKeyToAccount(generatePrivateKey()).address
    assert.deepEqual(
      await other(({ l1: { contracts } }) => Object.assign(contracts, { SystemConfig: nowhere })),
      ['L1 agreement: warn', 'contracts: bad'],
    )
    assert.deepEqual(await other(({ tokens }) => Object.assign(tokens[0] ?? {}, { decimals: 9 })), [
      'L1 agreement: warn',
      'tokens: bad',
    ])
    assert.deepEqual(
      await other(({ services }) => Object.assign(services, { sequencer: 'http://127.0.0.1:1' })),
      ['L1 agreement: warn', 'service: bad'],
    )
    assert.deepEqual(await ill({ store: join(network.dir, 'nowhere') }), [
      'disk: bad',
      'store: warn',
      'L1 agreement: warn',
    ])
    const address = network.keys.proposer.address
    const before = await l1.getBalance({ address })
    await request(l1, 'anvil_setBalance', [address, '0x0'])
    assert.ok((await ill({})).includes('key proposer: bad'))
    await request(l1, 'anvil_setBalance', [address, toHex(before)])
  })

  it('is kept from starting a second one with the same key, whatever store it has', async () => {
    const { code, words } = await network.runSecond({ HASHSAND_STATE_DIR: join(network.dir, 'second') })
    assert.equal(code, 70)
    assert.match(words, /KeyInUseError/)
    assert.ok(words.includes(`the sequencer of ${join(network.dir, 'sequencer')}, process`), words)
  })

  it('brings nothing twice by an old backup: what was done after it is seen on the chains, and what it had on its way too', async () => {
    const folder = join(network.dir, 'sequencer')
    const backup = join(network.dir, 'backup')
    const first = await withdraw()
    await until(async () => ['prove-intent', 'proven'].includes(await state(first)), 'on its way')
    assert.deepEqual(await backUp(folder, backup, () => Promise.resolve(network.manifest)), [
      'messages',
      'sequencer',
      'proposer',
    ])
    const later = [await withdraw(), await withdraw()]
    for (const id of [first, ...later]) await finalised(id)
    const spent = await sent()

    await network.killSequencer()
    const parameters = { folder, backup, network: networkIdentity(network.manifest) }
    await assert.rejects(restore({ ...parameters, force: false }), StoreNotEmptyError)
    await restore({ ...parameters, force: true })
    await network.startSequencer()
    for (const id of [first, ...later]) await finalised(id)
    const { outbox } = await network.ask<Status>('/v1/status')
    assert.equal(outbox.sequencer?.pending, 0)
    assert.equal(await sent(), spent, 'nothing was sent for what was done')

    const last = await withdraw()
    await finalised(last)
    for (const id of [first, ...later, last]) {
      assert.equal(await times('WithdrawalProven', id), 1)
      assert.equal(await times('WithdrawalFinalized', id), 1)
    }
    assert.equal(await network.l1.getBalance({ address: target }), 12n)
  })

  it('leaves a folder of whole stores, does not start on a damaged one, and starts on what a repair makes of it', async () => {
    await network.killSequencer()
    const lines = await command('db', 'verify', '--store', join(network.dir, 'sequencer'))
    // L2 is served by the process that was killed.
    assert.ok(lines.slice(0, -1).every((line) => /"place":"L2 block \d+".*the node shows nothing/.test(line)))
    assert.match(lines.at(-1) ?? '', /"verified":\["messages","proposer","sequencer"\]/)

    await damageRow(join(network.dir, 'sequencer', 'proposer'), '!meta!identity', (text) =>
      text.replace('block 1', 'block 2'),
    )
    const { ill } = await illnesses()
    assert.ok(ill.includes('store: bad') && ill.includes('service: bad'), String(ill))
    await network.startSequencer().catch(() => {})
    assert.equal(await network.sequencerExit(), 70)
    assert.deepEqual((await repairStore(join(network.dir, 'sequencer', 'proposer'))).lost, ['!meta!identity'])
    await network.startSequencer()
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Hash, pad } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { askSequencer } from '../../../services/cli/askSequencer.ts'
import type { Status } from '../../../services/sequencer/status.ts'
import { withdraw as begin, command as run } from '../operatorsWork.ts'
import { startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

type Told = { state: string; skipped?: { reason: string; at: string } }

describe('sequencer obeys its operator', function () {
  this.timeout(240_000)
  let network: TestNetwork
  const target = privateKeyToAccount(generatePrivateKey()).address

  before(async () => {
    network = await startTestNetwork()
  })
  after(() => network.close())

  const status = () => network.ask<Status>('/v1/status')
  const told = (id: Hash) => network.ask<Told>(`/v1/messages/${id}`)
  /** As a person would: one JSON object a line on standard output, or the exit code and the error. */
  const command = async (...words: string[]) => {
    const lines = await run(network, ...words)
    // Safe: with --json every line is one object.
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  /** The same words as the command says them, without a process for each. */
  const say = (path: string, reason?: string) =>
    askSequencer(network.manifest, path, z.unknown(), reason === undefined ? {} : { reason })
  const afterBlocks = async (count: bigint) => {
    const from = await network.l1.getBlockNumber({ cacheTime: 0 })
    await until(async () => (await network.l1.getBlockNumber({ cacheTime: 0 })) >= from + count, 'blocks', 60)
  }
  const withdraw = () => begin(network, target)

  it('sends nothing while it is paused, also after a kill, and L2 goes on', async () => {
    const [pause] = await command('sequencer', 'pause', '--reason', 'an exercise')
    assert.ok(pause !== undefined && JSON.stringify(pause.paused).includes('an exercise'))
    const id = await withdraw()
    await until(async () => (await told(id)).state === 'seen', 'seen')
    const nonces = () =>
      Promise.all(
        (['proposer', 'sequencer'] as const).map((role) =>
          network.l1.getTransactionCount({ address: network.keys[role].address }),
        ),
      )
    await until(
      async () => Object.values((await status()).outbox).every(({ pending }) => pending === 0),
      'what was on its way before',
    )
    const before = await nonces()
    await network.killSequencer()
    await network.startSequencer()
    const { paused, alerts, l2 } = await status()
    assert.equal(paused?.reason, 'an exercise')
    assert.match(alerts.pause ?? '', /an exercise/)
    await afterBlocks(4n)
    assert.deepEqual(await nonces(), before)
    assert.ok(BigInt((await status()).l2.head) > BigInt(l2.head))
    assert.equal((await told(id)).state, 'seen')

    await say('/v1/resume')
    assert.equal((await status()).paused, undefined)
    await until(async () => (await told(id)).state === 'finalised', 'finalised', 60)
  })

  it('sends nothing for a message that is skipped, also after a kill, and goes on with it when it is retried', async () => {
    await say('/v1/pause', 'so that it is skipped in time')
    const id = await withdraw()
    await until(async () => (await told(id)).state === 'seen', 'seen')
    await say(`/v1/messages/${id}/skip`, 'its owner asked')
    await say('/v1/resume')
    const other = await withdraw()
    await network.killSequencer()
    await network.startSequencer()
    await until(async () => (await told(other)).state === 'finalised', 'the other one', 60)
    const shown = await told(id)
    assert.equal(shown.skipped?.reason, 'its owner asked')
    assert.equal(shown.state, 'covered')
    assert.deepEqual(
      (await command('msg', 'list', '--kind', 'withdrawal', '--in', 'covered')).map((message) => message.id),
      [id],
    )

    await say(`/v1/messages/${id}/retry`)
    await until(async () => (await told(id)).state === 'finalised', 'finalised', 60)
    assert.equal((await told(id)).skipped, undefined)
    await assert.rejects(command('msg', 'retry', id), /nothing more is done for it/)
    const unknown = pad('0x7', { size: 32 })
    await assert.rejects(say(`/v1/messages/${unknown}/skip`, 'x'), /No message has the id/)
  })

  it('is told nothing by pages in a browser', async () => {
    const url = network.manifest.services.sequencer ?? ''
    const json = { 'content-type': 'application/json' }
    const post = async (headers: Record<string, string>, body: string, path = '/v1/pause') =>
      (await fetch(`${url}${path}`, { method: 'POST', headers, body })).status
    const body = JSON.stringify({ reason: 'a page said so' })
    assert.equal(await post({ ...json, origin: 'https://pages.example' }, body), 403)
    assert.equal(await post({ ...json, origin: url }, body), 403)
    assert.equal(await post({ 'content-type': 'text/plain' }, body), 415)
    assert.equal(await post({}, body), 415)
    assert.equal(await post(json, '{'), 400)
    assert.equal(await post(json, '{"reason":" "}'), 400)
    assert.equal(await post(json, '{"reason":"a","more":1}'), 400)
    assert.equal(await post(json, JSON.stringify({ reason: 'x'.repeat(5_000) })), 413)
    assert.equal(await post(json, '{}', '/v1/nothing'), 404)
    // A name of somebody's that was made to point here.
    const rebound = await promisify(execFile)(process.execPath, [
      '-e',
      `require('node:http').request(${JSON.stringify(`${url}/v1/pause`)}, { method: 'POST', headers: { host: 'pages.example', 'content-type': 'application/json' } }, (response) => process.stdout.write(String(response.statusCode))).end(${JSON.stringify(body)})`,
    ])
    assert.equal(rebound.stdout, '403')
    assert.equal((await status()).paused, undefined)
  })
})

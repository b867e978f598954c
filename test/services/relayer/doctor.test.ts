import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWalletClient, type Hash, http, parseEther, zeroHash } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { signerBonds } from '../../../chain/generated/abi.ts'
import { l2ContractNames } from '../../../chain/manifest.ts'
import { signReport } from '../../../oracle/report.ts'
import { asText, examine, isFit } from '../../../services/relayer/doctor/examine.ts'
import type { Finding } from '../../../services/relayer/doctor/finding.ts'
import { writeKeystore } from '../../../services/runtime/keystore.ts'
import { freePort } from '../../bridge/anvilNode.ts'
import { type NodesStage, nodesStage, writeHistory } from './nodes.ts'

// The doctor at a node's bed: everything well, and then one thing after the other not.

const { signal } = new AbortController()
const days = 2

describe('relayer doctor', function () {
  this.timeout(300_000)
  let folder = ''
  let stage: NodesStage
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-doctor-'))
    stage = await nodesStage(folder, { days })
    await Promise.all([1, 2].map((at) => stage.start(at, 'truth')))
  })
  after(async () => {
    await stage.close()
    await rm(folder, { recursive: true, force: true })
  })

  const states = (found: readonly Finding[]) =>
    Object.fromEntries(found.map(({ check, state }) => [check, state] as const).toReversed())
  const of = (found: readonly Finding[], check: string) => found.filter((each) => each.check === check)

  it('finds a node fit whose peers, source, chain and disk are well, and tells who is away', async () => {
    const found = await examine(stage.envOf(0, 'truth'), signal)
    assert.ok(isFit(found), asText(found))
    const { settings, disk, key, manifest, chain, contracts, clock, signer, payer, source, quorum } =
      states(found)
    assert.deepEqual(
      { settings, disk, key, manifest, chain, contracts, clock, signer, payer, source, quorum },
      Object.fromEntries(
        [
          'settings',
          'disk',
          'key',
          'manifest',
          'chain',
          'contracts',
          'clock',
          'signer',
          'payer',
          'source',
          'quorum',
        ].map((check) => [check, 'ok']),
      ),
    )
    // Two of three peers run; the third one is named.
    const peers = of(found, 'peer')
    assert.deepEqual(peers.map(({ state }) => state).sort(), ['ok', 'ok', 'warn'])
    assert.match(
      peers.find(({ state }) => state === 'warn')?.detail ?? '',
      new RegExp(String(stage.peers[3]?.address)),
    )
    assert.equal(states(found).journal, 'warn')
    for (const { state, remedy } of found) assert.equal(state === 'ok', remedy === undefined)
  })

  const ails: Record<
    string,
    { env: () => Promise<Record<string, string>> | Record<string, string>; checks: readonly string[] }
  > = {
    'a setting': { env: () => ({ HASHSAND_NETWORK: 'one' }), checks: ['settings'] },
    'the manifest': {
      env: () => ({ HASHSAND_MANIFEST: join(folder, 'nothing.json') }),
      checks: ['manifest'],
    },
    'the network': { env: () => ({ HASHSAND_NETWORK: '7' }), checks: ['manifest'] },
    'the L2 node': {
      env: async () => ({ HASHSAND_L2_RPC: `http://127.0.0.1:${await freePort()}` }),
      checks: ['chain'],
    },
    'the contract': { env: () => ({ HASHSAND_REWARD_INDEX: `0x${'12'.repeat(20)}` }), checks: ['chain'] },
    'the signer': { env: () => ({ HASHSAND_SIGNER: 'user' }), checks: ['signer', 'quorum'] },
    'the payer': { env: () => ({ HASHSAND_PAYER: 'lp' }), checks: ['payer'] },
    'the source': { env: () => ({ HASHSAND_DATA: join(folder, 'nowhere') }), checks: ['source'] },
    'the kind of source': { env: () => ({ HASHSAND_SOURCE: 'crystal-ball' }), checks: ['source'] },
    'the list of peers': {
      env: () => ({ HASHSAND_PEERS: join(folder, 'manifest.json') }),
      checks: ['peers'],
    },
    'the disk': {
      env: async () => {
        const path = join(folder, 'a-file')
        await writeFile(path, '')
        return { HASHSAND_STATE_DIR: join(path, 'state') }
      },
      checks: ['disk'],
    },
  }
  for (const [what, { env, checks }] of Object.entries(ails)) {
    it(`${what === 'the payer' || what === 'the signer' ? 'F12: ' : ''}fails for ${what}, with a remedy`, async () => {
      const found = await examine({ ...stage.envOf(0, 'truth'), ...(await env()) }, signal)
      assert.equal(isFit(found), false)
      const failed = found.filter(({ state }) => state === 'fail')
      assert.deepEqual(
        failed.map((each) => each.check),
        checks,
        asText(found),
      )
      assert.ok((failed[0]?.remedy ?? '').length > 10)
    })
  }

  it('fails where the source follows another Bitcoin than the day that was attested', async () => {
    await stage.start(3, 'truth')
    while ((await stage.attestedUntil()) === 0) await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual(
      of(await examine(stage.envOf(0, 'truth'), signal), 'bitcoin').map(({ state }) => state),
      ['ok'],
    )
    await writeHistory(join(folder, 'fork'), { days, branch: 1 })
    const found = await examine({ ...stage.envOf(0, 'truth'), HASHSAND_DATA: join(folder, 'fork') }, signal)
    assert.deepEqual(
      of(found, 'bitcoin').map(({ state }) => state),
      ['fail'],
    )
  })

  it('opens a keystore with its password, and asks for it where it is wrong', async () => {
    const keys = join(folder, 'keystores')
    await mkdir(keys)
    await writeKeystore(join(keys, 'oracle0.json'), generatePrivateKey(), 'sesame')
    const secret = async (text: string) => {
      await writeFile(join(keys, 'password'), `${text}\n`)
      await chmod(join(keys, 'password'), 0o600)
    }
    const env = { ...stage.envOf(0, 'truth'), HASHSAND_KEYS: keys, HASHSAND_LIVE: '0' }
    await secret('sesame')
    const opened = await examine(env, signal)
    assert.deepEqual([states(opened).key, states(opened).signer], ['ok', 'fail'])
    await secret('guess')
    const [failed] = (await examine(env, signal)).filter(({ state }) => state === 'fail')
    assert.equal(failed?.check, 'key')
    assert.match(failed?.detail ?? '', /password/)
  })

  it('is a command: a line for each look, one JSON object a line with --json, 70 where something failed', async () => {
    const run = (extra: Record<string, string>, ...args: readonly string[]) =>
      new Promise<{ code: unknown; stdout: string }>((resolve) => {
        const env = { ...stage.envOf(0, 'truth'), ...extra }
        const words = ['services/start.js', 'relayer', 'doctor', ...args]
        execFile(process.execPath, words, { env, cwd: stage.root }, (error, stdout) =>
          resolve({ code: error?.code ?? 0, stdout }),
        )
      })
    const well = await run({}, '--json')
    assert.equal(well.code, 0)
    const lines = well.stdout
      .trim()
      .split('\n')
      .map((line): Finding => JSON.parse(line))
    assert.ok(lines.length >= 12 && lines.every(({ check, state }) => check !== '' && state !== 'fail'))
    const ill = await run({ HASHSAND_SIGNER: 'user' })
    assert.equal(ill.code, 70)
    assert.match(
      ill.stdout,
      /^fail {2}signer {4}.*is not a signer of network 1\n +→ Give the key of a signer/m,
    )
  })

  it('tells what the node has at stake, and fails when it was slashed', async () => {
    const { manifest, contracts, client, anvil, index, keys } = stage
    const bondOf = async (env: Record<string, string>) =>
      of(await examine({ ...stage.envOf(0, 'truth'), ...env }, signal), 'bond')[0]
    assert.deepEqual(await bondOf({}), { check: 'bond', state: 'ok', detail: 'no bonds on this network' })

    const wallet = createWalletClient({ chain: foundry, transport: http(anvil.url) })
    const [account] = await wallet.getAddresses()
    assert.ok(account)
    const receiptOf = async (hash: Hash) => client.waitForTransactionReceipt({ hash, pollingInterval: 100 })
    const deployed = await wallet.deployContract({ ...signerBonds, account, args: [contracts.rewardIndex] })
    const address = (await receiptOf(deployed)).contractAddress ?? assert.fail()
    const l2 = Object.fromEntries(l2ContractNames.map((name) => [name, address]))
    const env = { HASHSAND_MANIFEST: join(folder, 'bonded.json') }
    await writeFile(
      env.HASHSAND_MANIFEST,
      JSON.stringify({ ...manifest, l2: { ...manifest.l2, contracts: l2 } }),
    )
    const signer = keys.oracle0
    const call = { address, abi: signerBonds.abi, account } as const
    assert.equal((await bondOf(env))?.state, 'warn')
    const fund = { ...call, functionName: 'fund', args: [signer.address], value: 10n ** 18n } as const
    await receiptOf(await wallet.writeContract(fund))
    const funded = await bondOf(env)
    assert.deepEqual([funded?.state, funded?.detail], ['ok', '1 ether at stake, 0 accusations open'])

    const configDigest = await client.readContract({ ...index, functionName: 'configDigest', args: [1] })
    const domain = { chainId: foundry.id, rewardIndex: contracts.rewardIndex, configDigest }
    const said = [1n, 2n].map(async (work) => {
      const amounts = { work, subsidy: 1n, fees: 0n, cappedFees: 0n, medianFee: 0n }
      const report = {
        ...{ network: 1, day: 20_000, round: 1, lastHeight: 1, lastBlockHash: zeroHash, ...amounts },
        poolRowsRoot: zeroHash,
      }
      return { configDigest, report, signature: (await signReport(signer, report, domain)).signature }
    })
    const [first, second] = await Promise.all(said)
    assert.ok(first && second)
    const prove = { ...call, functionName: 'proveEquivocation', args: [first, second] } as const
    await receiptOf(await wallet.writeContract(prove))
    const slashed = await bondOf(env)
    assert.equal(slashed?.state, 'fail')
    assert.match(slashed?.remedy ?? '', /take a new key/)
  })

  it('needs no ether of a node that only looks on', async () => {
    await stage.anvil.rpc('anvil_setBalance', stage.keys.oracle0.address, '0x0')
    const dry = await examine({ ...stage.envOf(0, 'truth'), HASHSAND_LIVE: '0' }, signal)
    assert.equal(states(dry).payer, 'ok')
    const live = await examine(stage.envOf(0, 'truth'), signal)
    assert.equal(states(live).payer, 'fail')
    await stage.anvil.rpc(
      'anvil_setBalance',
      stage.keys.oracle0.address,
      `0x${parseEther('10').toString(16)}`,
    )
  })
})

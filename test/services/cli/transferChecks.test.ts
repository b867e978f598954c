import assert from 'node:assert/strict'
import { createPublicClient, http } from 'viem'
import { GasMissingError, UnbackedTokenError } from '../../../bridge/errors.ts'
import { loadArtifact } from '../../../chain/artifacts.ts'
import { parseManifest } from '../../../chain/manifest.ts'
import { checkBeforehand, estimateOf, textOf } from '../../../services/cli/transferChecks.ts'
import { callsOf, type Direction } from '../../../services/cli/transferPlan.ts'
import { type BridgedPair, startBridgedPair } from '../../bridge/bridgedPair.ts'

describe('checks of a transfer', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
    await chains.giveWbtc(1_000n)
  })
  after(() => chains.stop())

  function errand(direction: Direction, account = chains.account, withGas?: string) {
    const { manifest: given, pair } = chains
    const rest = { version: 1, name: 'test', networks: [], indices: [], services: {} }
    const manifest = parseManifest(JSON.stringify({ ...rest, ...given }), 'the test')
    const forced = { includedSeconds: 0, proposableSeconds: 0, finalisableSeconds: 0 }
    const [call] = callsOf({ manifest, direction, pair, amount: 9n, to: account, forced })
    const options = {
      direction,
      amount: '0.00000009',
      token: 'WBTC',
      as: 'user',
      ...(withGas && { withGas }),
    }
    return { manifest, options, account, call }
  }

  it('lets out by L1 whatever L2 answers: nothing, or nonsense', async () => {
    const { l1, manifest } = chains
    const { address } = await chains.newAccount()
    const silent = createPublicClient({ transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
    const nonsense = createPublicClient({ transport: http(manifest.l1.rpcUrl) })
    for (const l2 of [silent, nonsense]) {
      const leaving = errand('force-withdraw', address)
      await checkBeforehand({ l1, l2 }, leaving)
      assert.equal(await estimateOf({ l1, l2 }, leaving), undefined)
    }
    assert.equal(textOf(undefined), '')
  })

  it('foretells each direction, in a line for each step', async () => {
    const lines = async (direction: Direction, withGas?: string) => {
      const estimate = await estimateOf(chains, errand(direction, chains.account, withGas))
      return textOf(estimate)
        .split('\n')
        .filter((line) => line.startsWith('  '))
        .map((line) => line.trim().split(':')[0])
    }
    const end = ['propose', 'prove', 'finalise']
    assert.deepEqual(await lines('deposit'), ['deposit', 'arrive'])
    assert.deepEqual(await lines('deposit', '0.1'), ['deposit', 'arrive'])
    assert.deepEqual(await lines('force-withdraw'), ['deposit', 'initiate', ...end])
    assert.deepEqual(await lines('force-deposit'), [])
    assert.deepEqual(await lines('withdraw'), [], 'there is nothing to withdraw')
  })

  it('refuses what cannot be paid, and coins that are not backed, on the way in alone', async () => {
    const { pair, send, relay, account, asBridgeOnL2 } = chains
    const poor = (await chains.newAccount()).address
    const [approve, deposit] = callsOf({
      ...errand('deposit', poor),
      direction: 'deposit',
      pair,
      amount: 9n,
      to: poor,
      forced: { includedSeconds: 0, proposableSeconds: 0, finalisableSeconds: 0 },
    })
    assert.ok(approve && deposit)
    await relay(await send('l1', deposit))
    await assert.rejects(checkBeforehand(chains, errand('withdraw', poor)), GasMissingError)
    await checkBeforehand(chains, errand('force-withdraw', poor))

    await checkBeforehand(chains, errand('deposit'))
    const { abi } = loadArtifact('op', 'OptimismMintableERC20')
    await asBridgeOnL2((bridge) => {
      const mint = { abi, functionName: 'mint', args: [account, 1n] } as const
      return bridge.writeContract({ address: pair.l2, chain: bridge.chain, ...mint })
    })
    await assert.rejects(checkBeforehand(chains, errand('deposit')), UnbackedTokenError)
    for (const way of ['force-withdraw', 'force-deposit'] as const) await checkBeforehand(chains, errand(way))
  })
})

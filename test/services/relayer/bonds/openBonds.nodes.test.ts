import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, createTestClient, http, type LocalAccount, parseEther, zeroAddress } from 'viem'
import { signerBonds } from '../../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../../chain/generated/addresses.ts'
import { l2ContractNames, type Manifest, parseManifest } from '../../../../chain/manifest.ts'
import { simulatorNetwork, simulatorSeed, simulatorTerms } from '../../../../oracle/developmentNetworks.ts'
import { createStubChain, type StubChain } from '../../../oracle/sources/stubChain.ts'
import { startStubNode } from '../../../oracle/sources/stubNode.ts'
import { manifestOf } from '../../relayerFixture.ts'
import { differentSources, type Seat } from '../differentSources.ts'
import { type NodesChain, type NodesStage, nodesStage } from '../nodes.ts'
import { daysOf, type ProvingChain, startProvingChain } from '../prover/provingChain.ts'
import { sourceOf } from '../prover/simulatedBlocks.ts'

// Four nodes as four processes on a network that is proven: two see the chain, one a branch that was left, one lies. No three of them
// agree, and the day settles all the same; then each gets what it has earned.

const network = simulatorNetwork()
const bond = parseEther('10')
const [honest, branched, honestToo, liar] = [0, 1, 2, 3] as const

describe('bonds of four nodes', function () {
  this.timeout(900_000)
  let folder = ''
  let stage: NodesStage
  let chain: ProvingChain
  let bonds: Address
  const closing: (() => Promise<unknown>)[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-bonds-'))
    stage = await nodesStage(folder, { days: 1, network, openChain })
    closing.push(stage.close)
  })
  after(async () => {
    for (const close of closing.reverse()) await close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Real relay, index and bonds; the bonds are paid in. */
  async function openChain(signers: readonly LocalAccount[]): Promise<NodesChain> {
    const { firstDay, unitWork } = network
    chain = await startProvingChain({
      ...{ bitcoin: await simulatorTerms(), firstDay, unitWork, daysOver: 1, epochSeconds: 240 },
      signers: signers.map(({ address }) => address),
    })
    closing.push(chain.stop)
    const { client, wallet, index, rpcUrl } = chain
    const receiptOf = (hash: `0x${string}`) => client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    const created = await receiptOf(
      await wallet.deployContract({ ...signerBonds, args: [index.address], chain: null }),
    )
    bonds = created.contractAddress ?? assert.fail()
    for (const { address } of signers) {
      const fund = { address: bonds, abi: signerBonds.abi, functionName: 'fund', args: [address] } as const
      await receiptOf(await wallet.writeContract({ ...fund, value: bond, chain: null }))
    }
    const test = createTestClient({ mode: 'anvil', transport: http(rpcUrl) })
    // Blocks come by the clock too: nodes read their time from them.
    await test.setIntervalMining({ interval: 1 })
    const manifest = await manifestOf({ node: { url: rpcUrl }, client, network })
    return {
      anvil: {
        url: rpcUrl,
        rpc: (method, ...params) => test.request({ method, params } as never),
        kill: async () => {},
      },
      ...{ client, manifest: withBonds(manifest) },
      contracts: { rewardIndex: index.address, ledger: hashsandPredeploys.Ledger },
    }
  }

  function withBonds(manifest: Manifest): Manifest {
    const contracts = Object.fromEntries(l2ContractNames.map((name) => [name, zeroAddress]))
    const l2 = { ...manifest.l2, chainId: chain.chainId, contracts: { ...contracts, SignerBonds: bonds } }
    return parseManifest(JSON.stringify({ ...manifest, l2, indices: [] }), 'the test')
  }

  const addressOf = (at: number) => stage.signers[at]?.address ?? assert.fail()
  const read = (functionName: 'bondOf' | 'openAccusationsOf', at: number) =>
    chain.client.readContract({ address: bonds, abi: signerBonds.abi, functionName, args: [addressOf(at)] })

  const metricsOf = async (at: number) => (await fetch(`${stage.statusUrl(at)}/metrics`)).text()

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 300_000
    while (!(await isSo())) {
      if (performance.now() > deadline) assert.fail(`in vain: ${what}`)
      await sleep(200)
    }
  }

  it('take the liar’s, by the proof, and leave that of a node whose block was buried and then left', async () => {
    const sources = await differentSources(folder, 1, simulatorSeed)
    closing.push(sources.close)
    const left = await startStubNode(await branchThatWasLeft())
    closing.push(left.stop)
    const seat = (name: Seat, more: Record<string, string> = {}) => {
      // Rows of pools are not what this is about.
      const { HASHSAND_POOLS: _, ...settings } = sources.settings[name]
      return { ...settings, ...more }
    }
    const test = createTestClient({ mode: 'anvil', transport: http(chain.rpcUrl) })
    const pay = (at: number, value: bigint) => test.setBalance({ address: addressOf(at), value })
    // Who can not pay proves nothing yet: first everybody is to say what it sees.
    for (const at of [honest, branched, honestToo, liar]) await pay(at, 0n)
    await Promise.all([
      stage.start(honest, 'truth', seat('node')),
      stage.start(branched, 'truth', seat('node', { HASHSAND_BITCOIN_URL: left.url })),
      stage.start(honestToo, 'truth', seat('simulator')),
      stage.start(liar, 'truth', seat('lie')),
    ])
    await until('both are heard', async () => {
      const texts = await Promise.all([honest, honestToo].map(metricsOf))
      return [branched, liar].every((at) =>
        new RegExp(`relayer_disagreements_total{peer="${addressOf(at)}"} [1-9]`, 'i').test(texts.join()),
      )
    })
    for (const at of [honest, honestToo]) await pay(at, parseEther('10'))
    await until('the day is proven', async () => (await chain.lastFinalDay()) === network.firstDay)
    await until('the liar is slashed', async () => (await read('bondOf', liar)) === 0n)
    await until('the other is accused', async () => (await read('openAccusationsOf', branched)) === 1n)
    await pay(branched, parseEther('10'))
    await until('it is refuted', async () => (await read('openAccusationsOf', branched)) === 0n)
    const kept = await Promise.all([honest, branched, honestToo].map((at) => read('bondOf', at)))
    assert.deepEqual(kept, [bond, bond, bond])
  })

  /** The first day's last block is another one there, and was buried. */
  async function branchThatWasLeft(): Promise<StubChain> {
    const main = createStubChain(simulatorSeed, 330)
    const { firstDay } = network
    const last = (await daysOf(sourceOf(main.blocks), firstDay)).get(firstDay)?.lastHeight ?? assert.fail()
    const branch = createStubChain(simulatorSeed, last - (main.blocks[0]?.height ?? 0) + 1)
    branch.reorganise(1, 12)
    while ((await daysOf(sourceOf(branch.blocks), firstDay)).size === 0) branch.mine(6)
    return branch
  }
})

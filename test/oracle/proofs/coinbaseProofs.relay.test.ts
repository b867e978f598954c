import assert from 'node:assert/strict'
import {
  type Address,
  createPublicClient,
  createWalletClient,
  decodeAbiParameters,
  type Hash,
  type Hex,
  http,
  numberToHex,
  parseAbiParameters,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { loadArtifact } from '../../../chain/artifacts.ts'
import type { BitcoinChain } from '../../../oracle/bitcoinChain.ts'
import { dayOf } from '../../../oracle/block.ts'
import { buried, completeDays } from '../../../oracle/dayTotals.ts'
import type { BlockProof } from '../../../oracle/proofs/blockProof.ts'
import { accumulate, coinbaseProofs } from '../../../oracle/proofs/coinbaseProofs.ts'
import { genesisBefore, type RelayGenesis } from '../../../oracle/proofs/genesis.ts'
import { encodeHeaders, headerBatches, rootsCommitment } from '../../../oracle/proofs/headerBatches.ts'
import { simulatedChain } from '../../../oracle/simulator/chain.ts'
import { firstDay } from '../../../oracle/simulator/rules.ts'
import { createSimulatorSource } from '../../../oracle/sources/simulator.ts'
import { targetToBits } from '../../../oracle/target.ts'
import { type AnvilNode, startAnvil } from '../../bridge/anvilNode.ts'
import { collect } from '../sources/reading.ts'

const network = 7
/** Stands where the reward index would: logs what it is called with. */
const index: Address = '0x000000000000000000000000000000000000beef'
const logsItsCall = '0x365f5f37365fa000'
const written = parseAbiParameters(
  'uint32 network, uint24 day, (uint32 lastHeight, bytes32 lastBlockHash, uint256 work, uint128 subsidy, uint128 fees, uint128 cappedFees, uint128 medianFee) totals',
)

describe('proofs in front of the relay', function () {
  this.timeout(300_000)
  const account = privateKeyToAccount(generatePrivateKey())
  const { abi, bytecode } = loadArtifact('hashsand', 'BitcoinRelay')
  let node: AnvilNode
  before(async () => {
    node = await startAnvil()
    await node.rpc('anvil_setBalance', account.address, numberToHex(10n ** 21n))
    await node.rpc('anvil_setCode', index, logsItsCall)
  })
  after(() => node.kill())

  it('closes simulated days there with the totals that the library has', async () => {
    const seed = 'relay'
    const source = createSimulatorSource({ seed })
    const blocks = await blocksThrough(source.blocks(), firstDay + 2)
    const days = await collect(completeDays(buried(blocks, source.confirmations), { firstDay }))
    assert.equal(days.length, 2)
    const genesis = await genesisBefore(source.blocks(), firstDay)
    const relay = await deploy(simulatedChain(seed), genesis)

    const batches = headerBatches(
      blocks.filter(({ height }) => height > genesis.height),
      100,
    )
    for (const batch of batches) {
      await relay.send('addHeaders', batch.parent, encodeHeaders(batch))
      // Safe: fields of the struct that the contract's ABI names.
      const stored = (await relay.read('checkpointOf', batch.checkpoint)) as {
        rootsCommitment: Hash
        day: number
      }
      assert.equal(stored.rootsCommitment, rootsCommitment(batch))
      assert.equal(stored.day, batch.day)
    }
    let previousMedianFee = 0n
    for (const { day, medianFee, lastHeight, lastHash, work, subsidy, fees, cappedFees } of days) {
      const medians = { medianFee, previousMedianFee }
      const ofDay = batches.filter((batch) => batch.day === day)
      for (const batch of ofDay) {
        for (const { checkpoint, group, otherGroupHashes, proofs } of coinbaseProofs(batch, medians)) {
          await relay.send(
            'proveCoinbases',
            ...[checkpoint, group, medianFee, previousMedianFee, otherGroupHashes, proofs],
          )
        }
        const counted = await relay.read('accumulatorOf', batch.checkpoint, medianFee, previousMedianFee)
        const { groups: _, ...sums } = counted as ReturnType<typeof accumulate> & { groups: number }
        assert.deepEqual(sums, accumulate(batch.blocks, medians))
      }
      const [log] = await relay.send('closeDay', day, ofDay.at(-1)?.checkpoint, medianFee)
      assert.deepEqual(decodeAbiParameters(written, `0x${log?.slice(10) ?? ''}`), [
        network,
        day,
        { lastHeight, lastBlockHash: lastHash, work, subsidy, fees, cappedFees, medianFee },
      ])
      previousMedianFee = medianFee
    }
  })

  async function blocksThrough(chain: AsyncIterable<BlockProof>, day: number): Promise<BlockProof[]> {
    const blocks: BlockProof[] = []
    for await (const block of chain) {
      if (dayOf(block.medianTime) > day) break
      blocks.push(block)
    }
    return blocks
  }

  async function deploy(chain: BitcoinChain, genesis: RelayGenesis) {
    const client = createPublicClient({ chain: foundry, transport: http(node.url), pollingInterval: 20 })
    const wallet = createWalletClient({ account, chain: foundry, transport: http(node.url) })
    const parameters = {
      ...{ rewardIndex: index, network, firstDay, genesis, halvingInterval: chain.halvingInterval },
      ...{
        powLimitBits: targetToBits(chain.easiestTarget),
        noRetarget: !chain.retargets,
        maxSecondsAhead: 7_200,
      },
    }
    const created = await wallet.deployContract({ abi, bytecode, args: [parameters] })
    const { contractAddress: address } = await client.waitForTransactionReceipt({ hash: created })
    assert.ok(address)
    return {
      read: (functionName: string, ...args: unknown[]) =>
        client.readContract({ address, abi, functionName, args }),
      /** What the reward index was called with meanwhile. */
      async send(functionName: string, ...args: unknown[]): Promise<Hex[]> {
        const { request } = await client.simulateContract({ account, address, abi, functionName, args })
        const hash = await wallet.writeContract(request)
        const { logs } = await client.waitForTransactionReceipt({ hash })
        return logs.filter((log) => log.address === index).map(({ data }) => data)
      },
    }
  }
})

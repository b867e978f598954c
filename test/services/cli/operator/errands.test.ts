import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Address,
  encodeAbiParameters,
  encodeDeployData,
  encodeFunctionData,
  type Hash,
  type Hex,
  keccak256,
  type PrivateKeyAccount,
  pad,
  parseEther,
  toHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { finaliseCall, finaliseGas } from '../../../../bridge/actions.ts'
import { GasMissingError } from '../../../../bridge/errors.ts'
import { withdrawalsOf } from '../../../../bridge/observe.ts'
import { readProveCall } from '../../../../bridge/proof.ts'
import { loadArtifact } from '../../../../chain/artifacts.ts'
import { eip1967Slot } from '../../../../chain/deploy/assertions.ts'
import { anvil } from '../../../../chain/engine/anvil/rpc.ts'
import { predeploys } from '../../../../chain/generated/addresses.ts'
import {
  gasPriceOracleAbi,
  l2OutputOracleAbi,
  sequencerFeeVaultAbi,
  systemConfigAbi,
} from '../../../../chain/generated/opAbi.ts'
import { timelockControllerAbi } from '../../../../chain/generated/openzeppelinAbi.ts'
import type { Context } from '../../../../services/cli/context.ts'
import { stateFolder } from '../../../../services/cli/devnet/profile.ts'
import { dataFeeWei, tradeBytes, transferBytes } from '../../../../services/cli/operator/dataFee.ts'
import {
  FeeScalarError,
  NotGovernorError,
  NotOwnedByTimelockError,
  OperationWaitsError,
} from '../../../../services/cli/operator/errors.ts'
import { parseScalar, showFees } from '../../../../services/cli/operator/fees.ts'
import { showFeeVaults } from '../../../../services/cli/operator/feeVaults.ts'
import { type BridgedPair, startBridgedPair } from '../../../bridge/bridgedPair.ts'
import { account, clientOf, config, temporaryFolder } from '../../../chain/fixture.ts'

// What an operator does now and then: bring home what users paid, and change what they pay. Both on the real contracts of both chains.
describe('errands of an operator', function () {
  this.timeout(120_000)
  let chains: BridgedPair
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let results: Record<string, unknown>[]
  let told: string[]

  before(async () => {
    folder = await temporaryFolder()
    chains = await startBridgedPair()
  })
  after(async () => {
    await chains?.stop()
    await folder?.remove()
  })
  beforeEach(() => {
    ;[results, told] = [[], []]
  })

  const context = (): Pick<Context, 'output' | 'folder'> => ({
    folder: stateFolder(folder.dir),
    output: {
      json: true,
      result: (fields) => results.push(fields),
      progress: (text) => told.push(text),
      frame: () => undefined,
      done: () => {},
    },
  })
  const signerOf = (who: PrivateKeyAccount) => ({ name: who.address, account: who })
  const rich = async (side: 'l1' | 'l2', address: Address, wei = parseEther('10')) =>
    anvil(clientOf(chains.manifest[side].rpcUrl, config[side].chainId), 'anvil_setBalance', [
      address,
      toHex(wei),
    ])

  describe('fee vaults', () => {
    const names = ['SequencerFeeVault', 'BaseFeeVault', 'L1FeeVault'] as const
    const show = (signer?: PrivateKeyAccount) =>
      showFeeVaults(context(), {
        l2: chains.l2,
        finalizationPeriodSeconds: 6,
        ...(signer && { signer: signerOf(signer) }),
      })
    const processed = (address: Address) =>
      chains.l2.readContract({ address, abi: sequencerFeeVaultAbi, functionName: 'totalProcessed' })

    it('are shown as the contracts are, and nothing is sent unless told', async () => {
      await rich('l2', predeploys.SequencerFeeVault, 0n)
      await rich('l2', predeploys.BaseFeeVault, 7n)
      await rich('l2', predeploys.L1FeeVault, 0n)
      await show()
      const { Timelock } = chains.manifest.l1.contracts
      assert.deepEqual(
        results.map(({ vault, balanceWei, minimumWei, recipient, withdrawsTo, isDue }) => [
          ...[vault, balanceWei, minimumWei, recipient, withdrawsTo, isDue],
        ]),
        names.map((name) => {
          const wei = name === 'BaseFeeVault' ? 7n : 0n
          return [name, wei, 0n, Timelock, 'L1', wei > 0n]
        }),
      )
      assert.match(String(told), /Nothing was sent. Add --send/)
      assert.equal(await processed(predeploys.BaseFeeVault), 0n)
    })

    it('say so when there is nothing, and take no transaction for it', async () => {
      for (const name of names) await rich('l2', predeploys[name], 0n)
      const poor = account()
      await show(poor)
      assert.match(String(told), /No vault has anything to withdraw/)
      assert.equal(await chains.l2.getTransactionCount({ address: poor.address }), 0)
    })

    it('refuse a payer without ether on L2, with the remedy', async () => {
      await rich('l2', predeploys.L1FeeVault, 9n)
      await assert.rejects(show(account()), GasMissingError)
      assert.equal(await processed(predeploys.L1FeeVault), 0n)
    })

    it('empty into a withdrawal that brings all of it to the recipient on L1, each time anew', async () => {
      const { l1, l2, manifest } = chains
      const { Timelock, OptimismPortal, L2OutputOracle } = manifest.l1.contracts
      const payer = account()
      await rich('l2', payer.address)
      for (const name of names) await rich('l2', predeploys[name], 0n)
      // Each withdrawal of the loop pays fees into the vaults itself, so what comes out is asked of the contract.
      for (const given of [parseEther('3'), parseEther('2')]) {
        results = []
        await rich('l2', predeploys.SequencerFeeVault, given)
        const [before, ofL1] = await Promise.all([
          processed(predeploys.SequencerFeeVault),
          l1.getBalance({ address: Timelock }),
        ])
        await show(payer)
        const sent = results.find(({ vault, transaction }) => vault === names[0] && transaction !== undefined)
        const moved = (await processed(predeploys.SequencerFeeVault)) - before
        assert.ok(moved >= given)
        assert.equal(sent?.amountWei, moved)

        // Safe: the command says hashes of transactions.
        const receipt = await l2.getTransactionReceipt({ hash: sent?.transaction as Hash })
        const [withdrawal] = withdrawalsOf(receipt)
        assert.ok(withdrawal)
        assert.equal(sent?.withdrawal, withdrawal.hash)
        const covered = () =>
          l1.readContract({
            address: L2OutputOracle,
            abi: l2OutputOracleAbi,
            functionName: 'latestBlockNumber',
          })
        while ((await covered()) < withdrawal.origin.blockNumber) await chains.propose()
        const proof = await readProveCall(chains, { manifest, withdrawal })
        await chains.send('l1', { to: proof.to, data: proof.data })
        await chains.wait(10)
        const call = finaliseCall(OptimismPortal, withdrawal)
        // The portal holds what deposits brought; this one's ether came out of nothing.
        await rich('l1', OptimismPortal, parseEther('100'))
        await chains.send('l1', { to: call.to, data: call.data, gas: await finaliseGas(l1, call) })
        assert.equal((await l1.getBalance({ address: Timelock })) - ofL1, moved)
      }
    })

    it('pay at once on L2 where that is their network, and not below their minimum', async () => {
      const recipient = account().address
      const minimum = 1_000n
      await settleOnL2(recipient, minimum)
      const payer = account()
      await rich('l2', payer.address)
      for (const name of names) await rich('l2', predeploys[name], 0n)
      await rich('l2', predeploys.L1FeeVault, minimum - 1n)
      await show(payer)
      assert.deepEqual([results.at(-1)?.vault, results.at(-1)?.isDue], ['L1FeeVault', false])
      assert.equal(await chains.l2.getTransactionCount({ address: payer.address }), 0)

      await rich('l2', predeploys.L1FeeVault, minimum)
      await show(payer)
      const received = await chains.l2.getBalance({ address: recipient })
      assert.ok(received >= minimum)
      const sent = results.find(({ transaction }) => transaction !== undefined)
      assert.deepEqual([sent?.amountWei, sent?.withdrawal], [received, undefined])
    })

    /** The L1FeeVault by an implementation with other arguments, as a genesis of others may have it. */
    async function settleOnL2(recipient: Address, minimum: bigint): Promise<void> {
      const { abi, bytecode } = loadArtifact('op', 'L1FeeVault')
      const data = encodeDeployData({ abi, bytecode, args: [recipient, minimum, 1] })
      const { contractAddress } = await chains.send('l2', { data })
      assert.ok(contractAddress)
      await anvil(clientOf(chains.manifest.l2.rpcUrl, config.l2.chainId), 'anvil_setStorageAt', [
        predeploys.L1FeeVault,
        eip1967Slot('implementation'),
        pad(contractAddress),
      ])
    }
  })

  describe('fees', () => {
    const governor = account()
    let wanted = { baseFee: 684_000, blobBaseFee: 810_949 }

    before(async () => {
      await rich('l1', governor.address)
      // The governor of this pair's config has a key that nobody kept: the timelock itself gives another one the role.
      const { Timelock: address } = chains.manifest.l1.contracts
      const client = clientOf(chains.manifest.l1.rpcUrl, config.l1.chainId)
      await rich('l1', address)
      await anvil(client, 'anvil_impersonateAccount', [address])
      const abi = timelockControllerAbi
      const role = await chains.l1.readContract({ address, abi, functionName: 'PROPOSER_ROLE' })
      const data = encodeFunctionData({ abi, functionName: 'grantRole', args: [role, governor.address] })
      const hash = await chains.l1.request({
        // Safe: of an account that the node signs for.
        method: 'eth_sendTransaction' as 'eth_sendRawTransaction',
        params: [{ from: address, to: address, data }] as unknown as [Hex],
      })
      await chains.l1.waitForTransactionReceipt({ hash })
    })

    const show = (more: { signer?: PrivateKeyAccount; wanted?: Partial<typeof wanted> } = {}) => {
      const { l1, l2, manifest } = chains
      const { contracts } = manifest.l1
      const signer = more.signer && signerOf(more.signer)
      return showFees(context(), {
        l1,
        l2,
        contracts,
        wanted: more.wanted ?? wanted,
        ...(signer && { signer }),
      })
    }
    const onL1 = () => {
      const of = { address: chains.manifest.l1.contracts.SystemConfig, abi: systemConfigAbi } as const
      return Promise.all([
        chains.l1.readContract({ ...of, functionName: 'basefeeScalar' }),
        chains.l1.readContract({ ...of, functionName: 'blobbasefeeScalar' }),
      ])
    }
    const operation = () => {
      const last = results.find((fields) => fields.operation !== undefined && fields.act === undefined)
      // Safe: the command's own form.
      return last as unknown as {
        operation: { id: Hash | null; state: string; readyAt: bigint | null; doneBefore: number }
      }
    }
    /** Its id, by the definition in TimelockController. */
    function idOf(salt: number): Hash {
      const { SystemConfig } = chains.manifest.l1.contracts
      const args = [wanted.baseFee, wanted.blobBaseFee] as const
      const data = encodeFunctionData({ abi: systemConfigAbi, functionName: 'setGasConfigEcotone', args })
      const types = ['address', 'uint256', 'bytes', 'bytes32', 'bytes32'].map((type) => ({ type }))
      return keccak256(
        encodeAbiParameters(types, [SystemConfig, 0n, data, zeroHash, pad(toHex(salt), { size: 32 })]),
      )
    }
    /** L1 goes on while a command waits for its transaction to be safe. */
    async function mining<Value>(work: Promise<Value>): Promise<Value> {
      let busy = true
      const done = work.finally(() => {
        busy = false
      })
      done.catch(() => {})
      while (busy) {
        await chains.wait(1)
        await Promise.race([done.catch(() => {}), sleep(50)])
      }
      return done
    }

    it('cost what GasPriceOracle says, whatever the scalars and prices', async () => {
      const [base, blob] = [28, 32].map((bits) => fc.integer({ min: 0, max: 2 ** bits - 1 }))
      assert.ok(base && blob)
      const price = fc.bigInt({ min: 0n, max: 10n ** 13n })
      await fc.assert(
        fc.asyncProperty(
          base,
          blob,
          price,
          price,
          async (baseFee, blobBaseFee, baseFeeWei, blobBaseFeeWei) => {
            const given = [
              { baseFee, blobBaseFee },
              { baseFeeWei, blobBaseFeeWei },
            ] as const
            const least = await oracleFee(...given)
            assert.equal(dataFeeWei(transferBytes, ...given), least)
            const trade = dataFeeWei(tradeBytes, ...given)
            assert.ok(trade >= 3n * least && trade <= 3n * least + 2n)
          },
        ),
        { numRuns: 25 },
      )
    })

    /** Of the smallest transaction, on an L2 that has these values of L1. */
    function oracleFee(
      scalars: { baseFee: number; blobBaseFee: number },
      prices: { baseFeeWei: bigint; blobBaseFeeWei: bigint },
    ): Promise<bigint> {
      // L1Block: the base fee in slot 1, both scalars above the sequence number in slot 3, the blob base fee in slot 7.
      const packed = (BigInt(scalars.baseFee) << 96n) | (BigInt(scalars.blobBaseFee) << 64n)
      const slots = [
        [1, prices.baseFeeWei],
        [3, packed],
        [7, prices.blobBaseFeeWei],
      ] as const
      const stateDiff = slots.map(([slot, value]) => ({
        slot: pad(toHex(slot), { size: 32 }),
        value: pad(toHex(value), { size: 32 }),
      }))
      return chains.l2.readContract({
        address: predeploys.GasPriceOracle,
        abi: gasPriceOracleAbi,
        functionName: 'getL1FeeUpperBound',
        args: [0n],
        // A node of engine anvil wants the fee even of who only asks.
        stateOverride: [
          { address: predeploys.L1Block, stateDiff },
          { address: zeroAddress, balance: 2n ** 120n },
        ],
      })
    }

    it('take scalars of uint32 alone, and no base fee scalar at which GasPriceOracle overflows', async () => {
      const most = { baseFee: 2 ** 28 - 1, blobBaseFee: 2 ** 32 - 1 }
      for (const name of ['baseFee', 'blobBaseFee'] as const) {
        assert.equal(parseScalar(name, '0'), 0)
        assert.equal(parseScalar(name, String(most[name])), most[name])
        for (const text of [String(most[name] + 1), '-1', '1.5', '1e6', '', '0x10', '99999999999999999999'])
          assert.throws(() => parseScalar(name, text), FeeScalarError, text)
      }
      const prices = { baseFeeWei: 1n, blobBaseFeeWei: 1n }
      await oracleFee(most, prices)
      await assert.rejects(oracleFee({ ...most, baseFee: most.baseFee + 1 }, prices), /overflow/)
    })

    it("are changed by the governor's word, and after the delay by anybody's", async () => {
      assert.deepEqual(await onL1(), [0, 0])
      await show({ wanted: {} })
      assert.deepEqual(results[0]?.scalars, { baseFee: 0, blobBaseFee: 0 })
      assert.match(String(told), /Name scalars/)
      results = []
      // As the deployment made them.
      await show({ wanted: { baseFee: 0, blobBaseFee: 0 } })
      assert.deepEqual(operation().operation, { id: null, state: 'done', readyAt: null, doneBefore: 0 })
      results = []

      await show()
      const { operation: unknown } = operation()
      assert.deepEqual([unknown.id, unknown.state, unknown.readyAt], [idOf(0), 'unknown', null])
      const anybody = account()
      await rich('l1', anybody.address)
      await assert.rejects(show({ signer: anybody }), NotGovernorError)

      results = []
      await mining(show({ signer: governor }))
      const { timestamp: now } = await chains.l1.getBlock()
      results = []
      await show()
      const { operation: waiting } = operation()
      assert.deepEqual([waiting.id, waiting.state], [idOf(0), 'waiting'])
      assert.equal(waiting.readyAt, await readyAt(idOf(0)))
      assert.ok(Number(waiting.readyAt) > now)
      await assert.rejects(show({ signer: governor }), OperationWaitsError)
      assert.deepEqual(await onL1(), [0, 0])

      await chains.wait(config.timelockDelaySeconds)
      results = []
      await show()
      assert.equal(operation().operation.state, 'ready')
      assert.deepEqual(await onL1(), [0, 0])
      await mining(show({ signer: anybody }))
      assert.deepEqual(await onL1(), [wanted.baseFee, wanted.blobBaseFee])
      results = []
      await show()
      assert.deepEqual(operation().operation, { id: idOf(0), state: 'done', readyAt: null, doneBefore: 1 })
      // Nobody derives L2 from L1 here.
      assert.equal(results.at(-1)?.isOnL2, false)
    })

    const readyAt = (id: Hash) =>
      chains.l1.readContract({
        address: chains.manifest.l1.contracts.Timelock,
        abi: timelockControllerAbi,
        functionName: 'getTimestamp',
        args: [id],
      })

    it('can be changed to what they were before: the second time is another operation', async () => {
      const first = wanted
      wanted = { baseFee: 0, blobBaseFee: 0 }
      await changeTo({})
      wanted = first
      results = []
      await show()
      assert.deepEqual(
        [operation().operation.id, operation().operation.state, operation().operation.doneBefore],
        [idOf(1), 'unknown', 1],
      )
      await changeTo({ blobBaseFee: first.blobBaseFee })
      // The scalar that was not named stayed.
      assert.deepEqual(await onL1(), [0, first.blobBaseFee])
    })

    async function changeTo(scalars: Partial<typeof wanted>): Promise<void> {
      const given = { wanted: Object.keys(scalars).length === 0 ? wanted : scalars }
      await mining(show({ signer: governor, ...given }))
      await chains.wait(config.timelockDelaySeconds)
      await mining(show({ signer: governor, ...given }))
    }

    it('are nothing to change where SystemConfig is not the timelock’s', async () => {
      const { l1, l2, manifest } = chains
      const { SystemConfig } = manifest.l1.contracts
      const contracts = { SystemConfig, Timelock: account().address }
      await assert.rejects(showFees(context(), { l1, l2, contracts, wanted }), NotOwnedByTimelockError)
    })
  })
})

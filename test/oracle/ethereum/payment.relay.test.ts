import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Abi,
  type Address,
  ContractFunctionRevertedError,
  encodeFunctionData,
  type Hex,
  numberToHex,
  type PrivateKeyAccount,
  parseEther,
  parseGwei,
  toHex,
  BaseError as ViemError,
  zeroHash,
} from 'viem'
import {
  deployContract,
  estimateGas,
  readContract,
  sendRawTransaction,
  sendTransaction,
  simulateContract,
  waitForTransactionReceipt,
} from 'viem/actions'
import { loadArtifact } from '../../../chain/artifacts.ts'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { ethereumRelay } from '../../../chain/generated/abi.ts'
import { type EthereumBlock, parseBlock } from '../../../oracle/ethereum/block.ts'
import { NoTransactionsError } from '../../../oracle/ethereum/errors.ts'
import { encodeDescent } from '../../../oracle/ethereum/header.ts'
import { dayRoot, type EthereumLeaf, proveLeaf } from '../../../oracle/ethereum/leaves.ts'
import { leafOf, paymentOf } from '../../../oracle/ethereum/payment.ts'
import { encodeTransaction } from '../../../oracle/ethereum/transaction.ts'
import {
  type LastTransaction,
  nodesOf,
  proveLastTransaction,
  transactionsRoot,
} from '../../../oracle/ethereum/transactionTrie.ts'
import { account, clientOf, startTestNode, type TestNode } from '../../chain/fixture.ts'
import { needBlocks, type RealBlock, realBlocks } from './realBlocks.ts'

// The relay as deployed, on real blocks of Ethereum and on blocks that a node mines here, whose roots it computes itself.

const l1Block: Address = '0x4200000000000000000000000000000000000015'
const network = 2
const secondsPerDay = 86_400

describe('EthereumRelay', function () {
  this.timeout(300_000)
  const builder = account()
  let node: TestNode
  let relay: Address
  let index: Address
  const client = (from: PrivateKeyAccount = builder) => clientOf(node.rpcUrl, 900, from)
  const on = () => ({ address: relay, abi: ethereumRelay.abi }) as const
  const model = () => ({ address: index, abi: loadArtifact('hashsand', 'VoidableDays').abi }) as const

  before(async () => {
    node = await startTestNode(900, ['--hardfork', 'prague'])
    await anvil(client(), 'anvil_setBalance', [builder.address, toHex(parseEther('1000'))])
    const { deployedBytecode } = loadArtifact('op', 'L1Block')
    await anvil(client(), 'anvil_setCode', [l1Block, deployedBytecode])
    index = await deploy('VoidableDays', [{ firstEpoch: 0, start: 0, epochSeconds: secondsPerDay }])
    relay = await deploy('EthereumRelay', [index])
    await sent({ ...model(), functionName: 'setChallenger', args: [relay] })
  })
  after(() => node?.stop())

  async function deploy(name: string, args: readonly unknown[]): Promise<Address> {
    const { abi, bytecode } = loadArtifact('hashsand', name)
    const hash = await deployContract(client(), { abi, bytecode, args })
    const { contractAddress } = await waitForTransactionReceipt(client(), { hash })
    assert.ok(contractAddress)
    return contractAddress
  }

  type Call = { address: Address; abi: Abi; functionName: string; args?: readonly unknown[] }

  async function sent({ address, ...call }: Call): Promise<void> {
    const hash = await sendTransaction(client(), { to: address, data: encodeFunctionData(call) })
    assert.equal((await waitForTransactionReceipt(client(), { hash })).status, 'success')
  }

  /** Lets the L2 build on that L1 block, and records it. */
  async function record(number: bigint, hash: Hex): Promise<void> {
    await anvil(client(), 'anvil_setStorageAt', [l1Block, zeroHash, numberToHex(number, { size: 32 })])
    await anvil(client(), 'anvil_setStorageAt', [l1Block, numberToHex(2, { size: 32 }), hash])
    await sent({ ...on(), functionName: 'record' })
  }

  const refusal = (call: Promise<unknown>): Promise<string | undefined> =>
    call.then(
      () => undefined,
      (error) => {
        const revert =
          error instanceof ViemError && error.walk((e) => e instanceof ContractFunctionRevertedError)
        return revert instanceof ContractFunctionRevertedError
          ? (revert.data?.errorName ?? 'no type')
          : String(error)
      },
    )

  describe('on real blocks', () => {
    let blocks: RealBlock[]

    before(async function () {
      needBlocks(this)
      blocks = realBlocks()
      for (const { blockNumber, blockHash } of blocks) await record(BigInt(blockNumber), blockHash)
    })

    const descentOf = ({ blockNumber, headerRlp }: RealBlock) => ({
      recorded: BigInt(blockNumber),
      headers: [headerRlp],
    })
    const lastOf = ({ lastTx }: RealBlock) => ({ index: BigInt(lastTx.index), nodes: lastTx.proof })

    it('reads headers and what builders paid', async () => {
      for (const block of blocks) {
        const header = await readContract(client(), {
          ...on(),
          functionName: 'headerOf',
          args: [descentOf(block)],
        })
        assert.equal(header.number, BigInt(block.blockNumber))
        assert.equal(header.hash, block.blockHash)
        assert.equal(header.feeRecipient.toLowerCase(), block.feeRecipient)
        assert.equal(header.timestamp, BigInt(block.timestamp))
        assert.equal(header.transactionsRoot, block.transactionsRoot)
        assert.equal(header.baseFee * header.gasUsed, BigInt(block.baseFeeBurnedWei))
        const payment = await readContract(client(), {
          ...on(),
          functionName: 'paymentOf',
          args: [descentOf(block), lastOf(block)],
        })
        assert.equal(payment, BigInt(block.lastTx.valueWei))
      }
    })

    /** Of a whole transaction. */
    const gasOf = (functionName: string, args: readonly unknown[]) => {
      const abi: Abi = ethereumRelay.abi
      return estimateGas(client(), { to: relay, data: encodeFunctionData({ abi, functionName, args }) })
    }

    it('keeps to its budgets of gas', async () => {
      // What Optimism's MerkleTrie took for the inclusion alone.
      const limits = [145_645n, 235_420n]
      for (const [i, block] of blocks.entries()) {
        const header = await gasOf('headerOf', [descentOf(block)])
        const payment = await gasOf('paymentOf', [descentOf(block), lastOf(block)])
        process.stdout.write(
          `      block ${block.blockNumber}: header ${header} gas, with payment ${payment}\n`,
        )
        assert.ok(header <= 50_000n)
        assert.ok(payment <= (limits[i] ?? 0n))
      }
    })

    it('believes neither header nor proof with any byte changed', async () => {
      const change = fc.record({
        block: fc.constantFrom(...blocks),
        inHeader: fc.boolean(),
        node: fc.nat(),
        at: fc.nat(),
        by: fc.integer({ min: 1, max: 255 }),
      })
      await fc.assert(
        fc.asyncProperty(change, async ({ block, inHeader, node: which, at, by }) => {
          const descent = descentOf(block)
          const last = lastOf(block)
          if (inHeader) descent.headers = descent.headers.map((header) => changed(header, at, by))
          else {
            const chosen = which % last.nodes.length
            last.nodes = last.nodes.map((encoded, i) => (i === chosen ? changed(encoded, at, by) : encoded))
          }
          const error = await refusal(
            readContract(client(), { ...on(), functionName: 'paymentOf', args: [descent, last] }),
          )
          assert.equal(error, inHeader ? 'HeaderMismatch' : 'TrieNodeMissing')
        }),
        { numRuns: 300 },
      )
    })

    it('voids a day whose leaf contradicts the block, and no other', async () => {
      for (const block of blocks) {
        const day = Math.floor(Number(block.timestamp) / secondsPerDay)
        const right = realLeaf(block)
        const around = dayAround(right)
        const challengeOf = async (leaf: EthereumLeaf): Promise<Call> => {
          const leaves = around.with(5, leaf)
          await sent({ ...model(), functionName: 'attest', args: [network, day, dayRoot(leaves)] })
          const args = [network, day, proveLeaf(leaves, 5), descentOf(block), lastOf(block)]
          return { ...on(), functionName: 'challengePayment', args }
        }
        assert.equal(
          await refusal(simulateContract(client(), await challengeOf(right))),
          'NothingContradicted',
        )

        await sent(await challengeOf({ ...right, payment: right.payment + 1n }))
        const root = await readContract(client(), {
          ...model(),
          functionName: 'attestedRootOf',
          args: [network, day],
        })
        assert.equal(root, zeroHash)
      }
    })
  })

  describe('on blocks mined here', () => {
    let nonce: number

    before(async () => {
      await anvil(client(), 'evm_setAutomine', [false])
      await anvil(client(), 'anvil_setCoinbase', [builder.address])
      // Safe: viem knows the method and its answer.
      nonce = Number(
        await client().request({ method: 'eth_getTransactionCount', params: [builder.address, 'latest'] }),
      )
    })

    /** A block of that many transfers of three types, each by the builder, of 1 wei and up. */
    async function mine(count: number): Promise<EthereumBlock> {
      for (let i = 0; i < count; i++) {
        const serializedTransaction = await builder.signTransaction(transfer(i, nonce++))
        await sendRawTransaction(client(), { serializedTransaction })
      }
      await anvil(client(), 'evm_mine', [])
      const answer: unknown = await client().request({
        method: 'eth_getBlockByNumber',
        params: ['latest', true],
      })
      const block = parseBlock(answer)
      assert.equal(block.transactions.length, count)
      return block
    }

    // Sizes about which the keys change their length or their way: 1, 16, 128 (whose proof is one node longer), 144, 256.
    const sizes = [1, 2, 15, 16, 17, 127, 128, 129, 130, 144, 145, 256, 257]

    it('proves the last transaction of blocks of any size, and no earlier one', async () => {
      for (const count of sizes) {
        const block = await mine(count)
        const raw = block.transactions.map(encodeTransaction)
        assert.equal(transactionsRoot(raw), block.transactionsRoot, `${count} transactions`)
        await recorded(block)
        const descent = encodeDescent([block])
        const ask = (last: LastTransaction) =>
          readContract(client(), { ...on(), functionName: 'paymentOf', args: [descent, last] })

        assert.equal(await ask(proveLastTransaction(raw)), paymentOf(block), `${count} transactions`)
        for (const earlier of [count - 2, Math.floor(count / 2) - 1, 0].filter(
          (i) => i >= 0 && i < count - 1,
        )) {
          assert.equal(
            await refusal(ask(proofAt(raw, earlier))),
            'NotTheLastTransaction',
            `${earlier} of ${count}`,
          )
        }
        assert.equal(
          await refusal(ask({ ...proveLastTransaction(raw), index: BigInt(count) })),
          'TransactionMissing',
        )
      }
    })

    it('voids a day that pays for an empty block', async () => {
      const block = await mine(0)
      await recorded(block)
      assert.equal(transactionsRoot([]), block.transactionsRoot)
      assert.throws(() => proveLastTransaction([]), NoTransactionsError)
      assert.equal(paymentOf(block), 0n)

      const day = Math.floor(Number(block.timestamp) / secondsPerDay)
      const challenge = async (payment: bigint) => {
        const leaves = [leafOf(block, payment)]
        await minedNow({ ...model(), functionName: 'attest', args: [network, day, dayRoot(leaves)] })
        return refusal(
          simulateContract(client(), {
            ...on(),
            functionName: 'challengeBlock',
            args: [network, day, proveLeaf(leaves, 0), encodeDescent([block])],
          }),
        )
      }
      assert.equal(await challenge(0n), 'NothingContradicted')
      assert.equal(await challenge(1n), undefined)
    })

    /** Nothing is mined of itself here. */
    async function minedNow(call: Call): Promise<void> {
      await anvil(client(), 'evm_setAutomine', [true])
      await sent(call)
      await anvil(client(), 'evm_setAutomine', [false])
      nonce++
    }

    async function recorded(block: EthereumBlock): Promise<void> {
      await anvil(client(), 'evm_setAutomine', [true])
      await record(BigInt(block.number), block.hash)
      await anvil(client(), 'evm_setAutomine', [false])
      nonce++
    }
  })
})

/** The nodes of an earlier transaction, and those of the one after it. */
const proofAt = (raw: readonly Hex[], index: number): LastTransaction => ({
  index: BigInt(index),
  nodes: [...nodesOf(raw, index), ...nodesOf(raw, index + 1)],
})

const transfer = (i: number, nonce: number) => {
  const call = {
    chainId: 900,
    nonce,
    gas: 21_000n,
    to: `0x${'77'.repeat(20)}`,
    value: BigInt(i + 1),
  } as const
  const price = parseGwei('3')
  if (i % 3 === 0) return { ...call, type: 'legacy', gasPrice: price } as const
  if (i % 3 === 1) return { ...call, type: 'eip2930', gasPrice: price, accessList: [] } as const
  return { ...call, type: 'eip1559', maxFeePerGas: price, maxPriorityFeePerGas: 1n } as const
}

function changed(encoded: Hex, at: number, by: number): Hex {
  const bytes = Buffer.from(encoded.slice(2), 'hex')
  const position = at % bytes.length
  bytes[position] = (bytes[position] ?? 0) ^ by
  return toHex(bytes)
}

const realLeaf = (block: RealBlock): EthereumLeaf => ({
  number: BigInt(block.blockNumber),
  hash: block.blockHash,
  gasUsed: BigInt(block.gasUsed),
  baseFee: BigInt(block.baseFeePerGas),
  payment: BigInt(block.lastTx.valueWei),
})

/** Eleven leaves with this one in the middle. */
const dayAround = (leaf: EthereumLeaf): EthereumLeaf[] =>
  Array.from({ length: 11 }, (_, i) => ({ ...leaf, number: leaf.number + BigInt(i) - 5n }))

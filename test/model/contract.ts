import { setTimeout as sleep } from 'node:timers/promises'
import { decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import { loadArtifact } from '../../chain/artifacts.ts'
import { type AnvilNode, startAnvil } from '../bridge/anvilNode.ts'
import { callOf } from './codec.ts'
import type { Step } from './operation.ts'
import type { World } from './state.ts'

export type ContractRun = {
  answers: readonly { done: boolean; answer: Hex }[]
  /** By id: the supply, and what each holder has. */
  amounts: ReadonlyMap<bigint, readonly bigint[]>
}

export type Contracts = {
  world: World
  /** All of a history in one call on the ledger as it was deployed: nothing of it stays. */
  run(steps: readonly Step[], ids: readonly bigint[], holders: readonly string[]): Promise<ContractRun>
  stop(): Promise<void>
}

const GAS = 2_000_000_000n
const runner = loadArtifact('hashsand', 'HistoryRunner')

/** A real ledger, tokens, sources and actors on an anvil of their own. */
export async function startContracts(): Promise<Contracts> {
  const anvil = await startAnvil([
    ...['--hardfork', 'cancun', '--gas-limit', `${GAS}`, '--disable-code-size-limit', '--accounts', '1'],
  ])
  try {
    const runnerAddress = await deployed(anvil)
    const data = encodeFunctionData({ abi: runner.abi, functionName: 'world' })
    const result = await anvil.rpc<Hex>('eth_call', { to: runnerAddress, data }, 'latest')
    // Safe: the compiler's own ABI of what was called.
    const world = decodeFunctionResult({ abi: runner.abi, functionName: 'world', data: result }) as World
    return {
      world,
      run: (...history) => run(anvil, { world, runnerAddress }, history),
      stop: () => anvil.kill(),
    }
  } catch (error) {
    await anvil.kill()
    throw error
  }
}

type Receipt = { contractAddress: string; status: string }
type Place = { world: World; runnerAddress: string }
type History = Parameters<Contracts['run']>

async function run(anvil: AnvilNode, place: Place, [steps, ids, holders]: History): Promise<ContractRun> {
  const { world, runnerAddress } = place
  const calls = steps.map(({ actor, operation }) => ({
    actor: BigInt(actor),
    ...callOf(world, operation),
  }))
  const data = encodeFunctionData({
    abi: runner.abi,
    functionName: 'run',
    args: [calls, ids, holders],
  })
  const call = { to: runnerAddress, data, gas: `0x${GAS.toString(16)}` }
  const result = await anvil.rpc<Hex>('eth_call', call, 'latest')
  // Safe: the compiler's own ABI of what was called.
  const [answers, flat] = decodeFunctionResult({
    abi: runner.abi,
    functionName: 'run',
    data: result,
  }) as unknown as [ContractRun['answers'], readonly bigint[]]
  const columns = holders.length + 1
  const amounts = new Map(ids.map((id, i) => [id, flat.slice(i * columns, (i + 1) * columns)] as const))
  return { answers, amounts }
}

async function deployed(anvil: AnvilNode): Promise<string> {
  const [from] = await anvil.rpc<string[]>('eth_accounts')
  const transaction = { from, data: runner.bytecode, gas: `0x${(100_000_000).toString(16)}` }
  const hash = await anvil.rpc<Hex>('eth_sendTransaction', transaction)
  for (;;) {
    const receipt = await anvil.rpc<Receipt | null>('eth_getTransactionReceipt', hash)
    if (receipt?.status === '0x1') return receipt.contractAddress
    if (receipt !== null) throw new Error('the runner was not deployed')
    await sleep(20)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Abi,
  type Account,
  type Address,
  type Chain,
  type Client,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  type Hex,
  type TransactionReceipt,
  type Transport,
} from 'viem'
import {
  estimateGas,
  getCode,
  getTransactionCount,
  sendTransaction,
  waitForTransactionReceipt,
} from 'viem/actions'
import {
  TransactionNotSentError,
  TransactionRevertedError,
  TransactionsPendingError,
  WrongContractAddressError,
} from '../errors.ts'

export type DeployClient = Client<Transport, Chain, Account>

const POLLING_MS = 50
const SETTLE_TIMEOUT_MS = 60_000
/** On top of the estimate: a call may cost more when its turn comes. */
const GAS_MARGIN_PERCENT = 20n

/**
 * Brings a transaction into a block and answers its receipt, a successful one; without `to` it makes a contract. `step`
 * names its effect for ever: who keeps what was sent by that name, and sends no name twice, may run a script again.
 * Transactions leave in the order of the calls, also of calls that are not waited for.
 */
export type Transact = (step: string, to: Address | null, data: Hex) => Promise<TransactionReceipt>

export type Sender = {
  readonly client: DeployClient
  deploy(name: string, code: { abi: Abi; bytecode: Hex }, args?: readonly unknown[]): Promise<Address>
  call(name: string, to: Address, abi: Abi, functionName: string, args: readonly unknown[]): Promise<void>
  /** Makes sure that `address` has code, by a call that puts it there unless it has some already. */
  ensure(name: string, address: Address, to: Address, data: Hex): Promise<void>
}

/** The next nonce, once nothing of an earlier run is under way: what that run did must be seen before it is done again. */
async function settledNonce(client: DeployClient): Promise<number> {
  const { address } = client.account
  const deadline = Date.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const pending = await getTransactionCount(client, { address, blockTag: 'pending' })
    const mined = await getTransactionCount(client, { address, blockTag: 'latest' })
    if (mined >= pending) return mined
    if (Date.now() > deadline)
      throw new TransactionsPendingError(address, pending - mined, SETTLE_TIMEOUT_MS / 1_000)
    await sleep(POLLING_MS)
  }
}

/**
 * One account's transactions. They are broadcast in the order of the calls and required to succeed; several may be
 * under way at once, so that a script needs few blocks.
 */
export async function openSender(client: DeployClient, transact?: Transact): Promise<Sender> {
  const send = transact ?? (await openDirect(client))
  const hasCode = async (address: Address) => (await getCode(client, { address })) !== undefined

  return {
    client,
    deploy: async (name, { abi, bytecode }, args = []) => {
      const { contractAddress } = await send(name, null, encodeDeployData({ abi, bytecode, args }))
      if (contractAddress == null) throw new WrongContractAddressError(name, 'no address', 'a new contract')
      return getAddress(contractAddress)
    },
    call: async (name, to, abi, functionName, args) => {
      await send(name, to, encodeFunctionData({ abi, functionName, args }))
    },
    ensure: async (name, address, to, data) => {
      if (await hasCode(address)) return
      try {
        await send(name, to, data)
      } catch (error) {
        // An earlier run's transaction may have come first; then this one had nothing left to do.
        if (!(await hasCode(address))) throw error
      }
      if (!(await hasCode(address))) throw new WrongContractAddressError(name, 'another address', address)
    },
  }
}

/** Sends at once and remembers nothing. */
export async function openDirect(client: DeployClient): Promise<Transact> {
  let nonce = await settledNonce(client)
  let turn: Promise<unknown> = Promise.resolve()

  async function broadcast(to: Address | null, data: Hex): Promise<Hex> {
    const estimate = await estimateGas(client, { account: client.account, to, data })
    const gas = (estimate * (100n + GAS_MARGIN_PERCENT)) / 100n
    const hash = await sendTransaction(client, {
      to,
      data,
      gas,
      nonce,
      chain: client.chain,
      account: client.account,
    })
    nonce++
    return hash
  }

  return async (step, to, data) => {
    const sent = turn.then(() => broadcast(to, data))
    turn = sent.catch(() => {})
    const hash = await sent.catch((cause: unknown) => {
      throw new TransactionNotSentError(step, client.account.address, cause)
    })
    const receipt = await waitForTransactionReceipt(client, { hash, pollingInterval: POLLING_MS })
    if (receipt.status !== 'success') throw new TransactionRevertedError(step, hash)
    return receipt
  }
}

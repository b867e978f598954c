import type { Abi, Account, Address, Chain, Client, Hex, TransactionReceipt, Transport } from 'viem'
import { encodeDeployData, encodeFunctionData } from 'viem'
import { getTransactionCount, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { TransactionRevertedError, WrongContractAddressError } from '../errors.ts'

export type DeployClient = Client<Transport, Chain, Account>

const POLLING_MS = 50

export type Sender = {
  readonly client: DeployClient
  deploy(name: string, code: { abi: Abi; bytecode: Hex }, args?: readonly unknown[]): Promise<Address>
  call(name: string, to: Address, abi: Abi, functionName: string, args: readonly unknown[]): Promise<void>
  /** Sends ready-made data, to a contract that has no ABI. */
  raw(name: string, to: Address, data: Hex): Promise<void>
}

/** One account's transactions, one after the other, each awaited and required to succeed. */
export async function openSender(client: DeployClient): Promise<Sender> {
  let nonce = await getTransactionCount(client, { address: client.account.address, blockTag: 'pending' })

  async function send(name: string, to: Address | null, data: Hex): Promise<TransactionReceipt> {
    const hash = await sendTransaction(client, {
      to,
      data,
      nonce: nonce++,
      chain: client.chain,
      account: client.account,
    })
    const receipt = await waitForTransactionReceipt(client, { hash, pollingInterval: POLLING_MS })
    if (receipt.status !== 'success') throw new TransactionRevertedError(name, hash)
    return receipt
  }

  return {
    client,
    deploy: async (name, { abi, bytecode }, args = []) => {
      const { contractAddress } = await send(name, null, encodeDeployData({ abi, bytecode, args }))
      if (contractAddress == null) throw new WrongContractAddressError(name, 'no address', 'a new contract')
      return contractAddress
    },
    call: async (name, to, abi, functionName, args) => {
      await send(`${name}.${functionName}`, to, encodeFunctionData({ abi, functionName, args }))
    },
    raw: async (name, to, data) => {
      await send(name, to, data)
    },
  }
}

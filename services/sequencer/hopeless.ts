import type { PublicClient } from 'viem'
import { type DepositTransaction, plainGas } from '../../bridge/deposit.ts'

/** EIP-3860. */
const maxInitCodeBytes = 49_152

/**
 * Why the embedded node can never execute a deposit as it is, in the state of its newest block; undefined where nothing speaks against it. These
 * are all the reasons for which that node refuses one; on OP such a deposit fails, and its sender keeps the mint.
 */
export async function whyHopeless(
  l2: PublicClient,
  { from, to, mint, value, gas, data }: DepositTransaction,
): Promise<string | undefined> {
  if (gas < plainGas) return `it has ${gas} gas, and any transaction takes ${plainGas}`
  const bytes = (data.length - 2) / 2
  if (to === undefined && bytes > maxInitCodeBytes) {
    return `it creates a contract with ${bytes} bytes of init code, and at most ${maxInitCodeBytes} are allowed`
  }
  const [{ gasLimit }, balance] = await Promise.all([l2.getBlock(), l2.getBalance({ address: from })])
  if (gas > gasLimit) return `it has ${gas} gas, and a block holds ${gasLimit}`
  if (value > balance + mint) {
    return `it moves ${value} wei, and its sender has ${balance} and is minted ${mint}`
  }
  return undefined
}

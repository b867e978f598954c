import { CrossChainMessenger } from '@eth-optimism/sdk'
import { BigNumber, type Overrides, providers, Wallet } from 'ethers'
import { type Address, type Hash, type Hex, zeroAddress } from 'viem'
import type { Manifest } from '../chain/manifest.ts'
import { MessageNotFoundError } from './errors.ts'

// The independent client: what somebody with @eth-optimism/sdk and our manifest does, and nothing of ours. It is a yardstick for tests
// and examples; the services use viem, as the package is no longer maintained.

export type OptimismClient = {
  depositErc20(transfer: { l1Token: Address; l2Token: Address; amount: bigint }): Promise<Hash>
  depositEther(amount: bigint): Promise<Hash>
  withdrawErc20(transfer: { l1Token: Address; l2Token: Address; amount: bigint }): Promise<Hash>
  withdrawEther(amount: bigint): Promise<Hash>
  /** Takes the hash of the L2 transaction that began the withdrawal. */
  prove(withdrawal: Hash): Promise<Hash>
  finalise(withdrawal: Hash): Promise<Hash>
  /** The SDK's MessageStatus of a message, by the transaction that sent it. */
  status(transaction: Hash): Promise<number>
}

export type OptimismClientParameters = {
  manifest: Pick<Manifest, 'l1' | 'l2'>
  privateKey: Hex
}

/** Builds the SDK's messenger from a manifest alone. */
export function createOptimismClient({ manifest, privateKey }: OptimismClientParameters): OptimismClient {
  const messenger = createMessenger(manifest, privateKey)
  const from = new Wallet(privateKey).address
  // Without a sender the SDK estimates from the zero address, which has no ether on this L1.
  // Safe: the SDK hands this to ethers' populateTransaction, which takes a sender although the type omits it.
  const asSender = { overrides: { from } as Overrides }
  const hashOf = async (sent: Promise<{ hash: string }>) => toHash((await sent).hash)
  return {
    depositErc20: async ({ l1Token, l2Token, amount }) => {
      const approval = await messenger.approveERC20(l1Token, l2Token, BigNumber.from(amount))
      await approval.wait()
      return hashOf(messenger.depositERC20(l1Token, l2Token, BigNumber.from(amount), asSender))
    },
    depositEther: (amount) => hashOf(messenger.depositETH(BigNumber.from(amount), asSender)),
    withdrawErc20: ({ l1Token, l2Token, amount }) =>
      hashOf(messenger.withdrawERC20(l1Token, l2Token, BigNumber.from(amount))),
    withdrawEther: (amount) => hashOf(messenger.withdrawETH(BigNumber.from(amount))),
    prove: (withdrawal) => hashOf(messenger.proveMessage(withdrawal)),
    finalise: (withdrawal) => hashOf(messenger.finalizeMessage(withdrawal)),
    status: async (transaction) => {
      const messages = await messenger.getMessagesByTransaction(transaction)
      const [message] = messages
      if (message === undefined) throw new MessageNotFoundError(transaction)
      return messenger.getMessageStatus(message)
    },
  }
}

const pollMs = 200

function createMessenger({ l1, l2 }: Pick<Manifest, 'l1' | 'l2'>, privateKey: Hex): CrossChainMessenger {
  const { contracts } = l1
  const signer = (url: string, chainId: number) => {
    const provider = new providers.StaticJsonRpcProvider(url, chainId)
    provider.pollingInterval = pollMs
    return new Wallet(privateKey, provider)
  }
  return new CrossChainMessenger({
    l1SignerOrProvider: signer(l1.rpcUrl, l1.chainId),
    l2SignerOrProvider: signer(l2.rpcUrl, l2.chainId),
    l1ChainId: l1.chainId,
    l2ChainId: l2.chainId,
    bedrock: true,
    depositConfirmationBlocks: 0,
    l1BlockTimeSeconds: l1.blockTimeSeconds,
    // A chain that the SDK does not know needs every address of L1, also of what came before Bedrock.
    contracts: {
      l1: {
        AddressManager: contracts.AddressManager,
        L1CrossDomainMessenger: contracts.L1CrossDomainMessenger,
        L1StandardBridge: contracts.L1StandardBridge,
        OptimismPortal: contracts.OptimismPortal,
        L2OutputOracle: contracts.L2OutputOracle,
        OptimismPortal2: contracts.OptimismPortal,
        DisputeGameFactory: contracts.DisputeGameFactory,
        StateCommitmentChain: zeroAddress,
        CanonicalTransactionChain: zeroAddress,
        BondManager: zeroAddress,
      },
    },
  })
}

function toHash(hash: string): Hash {
  // Safe: ethers answers a transaction's hash as 0x and 64 digits.
  return hash as Hash
}

import { formatEther, hexToString } from 'viem'
import { rewardIndex, signerBonds } from '../../../chain/generated/abi.ts'
import { readKeys } from '../../runtime/keys.ts'
import type { NetworkView } from '../chain.ts'
import { checkNetwork } from '../connect.ts'
import { isSigner } from '../node.ts'
import { type Finding, fail, ok, type Patient, warn } from './finding.ts'

/** What a day's attestation takes at the most, n = 31. */
const attestGas = 250_000n
const runwayDays = 30n
const lateSeconds = 60

/** The chain of the manifest, with contracts where they are looked for, and the network that is meant. */
export async function checkChain(
  { config, manifest, network, client }: Patient,
  found: Finding[],
): Promise<NetworkView> {
  const url = config.HASHSAND_L2_RPC ?? manifest.l2.rpcUrl
  const contracts = { rewardIndex: config.HASHSAND_REWARD_INDEX, ledger: config.HASHSAND_LEDGER }
  const { chainId, genesisHash } = manifest.l2
  const view = await checkNetwork(client, { url, chainId, genesisHash, contracts, network: network.id })
  const { name } = await client.readContract({
    address: contracts.rewardIndex,
    abi: rewardIndex.abi,
    functionName: 'networkOf',
    args: [network.id],
  })
  const onChain = hexToString(name, { size: 32 }).replace(/\0+$/, '')
  found.push(ok('chain', `chain ${chainId}, day ${view.epoch}, block time ${view.time}`))
  found.push(
    onChain === network.name
      ? ok(
          'contracts',
          `network ${network.id} is ${onChain}, ${view.signers.length} signers, quorum ${view.quorum}`,
        )
      : fail(
          'contracts',
          `network ${network.id} is ${onChain} on chain, ${network.name} in the manifest`,
          'Use the manifest of this network.',
        ),
  )
  return view
}

/** Nothing here depends on the machine's clock, but its logs and certificates do, and old blocks mean an L2 node that lags. */
export function checkClock(_patient: Patient, { time }: NetworkView): Finding[] {
  const skew = Math.round(Date.now() / 1_000) - time
  if (Math.abs(skew) <= lateSeconds) return [ok('clock', `${skew} s from the latest block`)]
  const detail = `this machine is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the latest block`
  return [warn('clock', detail, 'Set the clock by NTP; if it is right, see whether the L2 node is level.')]
}

export function checkSigner(patient: Patient, view: NetworkView): Finding[] {
  const { account, network } = patient
  if (isSigner(patient, view))
    return [ok('signer', `${account.address} is a signer of network ${network.id}`)]
  const detail = `${account.address} is not a signer of network ${network.id}`
  return [fail('signer', detail, 'Give the key of a signer, or have the timelock call changeSigners.')]
}

/** Whether the node's word costs it something, and whether somebody wants it. */
export async function checkBond({ manifest, account, client }: Patient): Promise<Finding[]> {
  const address = manifest.l2.contracts?.SignerBonds
  if (address === undefined) return [ok('bond', 'no bonds on this network')]
  const contract = { address, abi: signerBonds.abi, args: [account.address] } as const
  const [bond, isSlashed, accusations] = await Promise.all([
    client.readContract({ ...contract, functionName: 'bondOf' }),
    client.readContract({ ...contract, functionName: 'isSlashed' }),
    client.readContract({ ...contract, functionName: 'openAccusationsOf' }),
  ])
  const detail = `${formatEther(bond)} ether at stake, ${accusations} accusations open`
  if (isSlashed) {
    return [fail('bond', `${account.address} was slashed`, 'It is never bonded again: take a new key.')]
  }
  if (accusations > 0n) {
    return [warn('bond', detail, 'Keep the node running: it shows the headers that it has, within 7 days.')]
  }
  if (bond === 0n) return [warn('bond', detail, `Fund it at ${address}, if the signers agreed on bonds.`)]
  return [ok('bond', detail)]
}

export async function checkPayer({ config, client }: Patient, _view: NetworkView): Promise<Finding[]> {
  const { HASHSAND_PAYER: name, HASHSAND_LIVE: live } = config
  if (live === '0') return [ok('payer', 'none needed while nothing is sent')]
  const passwordFile = config.HASHSAND_KEYS_PASSWORD_FILE
  const { address } = (await readKeys(config.HASHSAND_KEYS, [name], { passwordFile }))[name]
  const [balance, gasPrice] = await Promise.all([client.getBalance({ address }), client.getGasPrice()])
  const perDay = attestGas * gasPrice
  const detail = `${address} has ${formatEther(balance)} ether, a day costs ${formatEther(perDay)}`
  const remedy = `Send ${formatEther(perDay * runwayDays)} ether to it, for ${runwayDays} days.`
  if (balance < perDay) return [fail('payer', detail, remedy)]
  return [balance < perDay * runwayDays ? warn('payer', detail, remedy) : ok('payer', detail)]
}

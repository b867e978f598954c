import { type Address, isAddressEqual } from 'viem'
import type { NetworkView } from '../chain.ts'
import { createPeerClient } from '../peers/client.ts'
import { PeerError } from '../peers/errors.ts'
import { othersThan, type Peer, readPeers } from '../peers/list.ts'
import { helloAnswer } from '../peers/messages.ts'
import { paths } from '../peers/server.ts'
import { type Finding, fail, ok, type Patient, warn } from './finding.ts'

/** Asks every peer who it is; the answer counts only with its own signature under it. */
export async function checkPeers(patient: Patient, view: NetworkView): Promise<Finding[]> {
  const { config, account } = patient
  if (config.HASHSAND_PEERS === undefined) {
    return [fail('peers', 'no list of peers', 'Set HASHSAND_PEERS to the list that the signers share.')]
  }
  const peers = othersThan(await readPeers(config.HASHSAND_PEERS), account.address)
  const absent = view.signers.filter((signer) => !isKnown(signer, [...peers, account]))
  const listed =
    absent.length === 0
      ? ok('peers', `all ${view.signers.length} signers are in the list`)
      : warn(
          'peers',
          `${absent.join(', ')} are signers and not in the list`,
          'Ask their operators where they listen.',
        )
  const found = await Promise.all(peers.map((peer) => checkPeer(patient, view, peer)))
  const level = found.filter(({ state }) => state === 'ok').length
  const needed = view.quorum - 1
  const enough =
    level >= needed
      ? ok('quorum', `${level} peers are as they should be, ${needed} are needed`)
      : fail(
          'quorum',
          `only ${level} peers are as they should be, ${needed} are needed`,
          'Mend what is said above.',
        )
  return [listed, ...found, enough]
}

const isKnown = (signer: Address, known: readonly { address: Address }[]) =>
  known.some(({ address }) => isAddressEqual(address, signer))

async function checkPeer(patient: Patient, view: NetworkView, peer: Peer): Promise<Finding> {
  const { account, manifest, config, network, signal } = patient
  const domain = { chainId: manifest.l2.chainId, rewardIndex: config.HASHSAND_REWARD_INDEX }
  const client = createPeerClient({ peer, account, domain, chainTime: () => view.time, signal })
  const name = `${peer.address} at ${peer.url}`
  try {
    const hello = await client.ask(paths.hello, {}, helloAnswer)
    if (hello.network !== network.id)
      return warn('peer', `${name} serves network ${hello.network}`, 'Ask its operator.')
    if (hello.configDigest !== view.configDigest) {
      return warn('peer', `${name} knows another signer set`, 'See whether its L2 node, or yours, is level.')
    }
    if (!hello.live) return warn('peer', `${name} only looks on`, 'Ask its operator to start it live.')
    const { lastClosedDay } = hello
    const detail = `${name} is who it should be, ${lastClosedDay === undefined ? 'no day closed' : `closed day ${lastClosedDay}`}`
    const isBehind = (lastClosedDay ?? 0) < (view.lastAttestedDay ?? 0)
    return isBehind ? warn('peer', detail, 'Its source is behind; ask its operator.') : ok('peer', detail)
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    return warn('peer', error.message, 'It may know neither you nor your address: exchange lists.')
  }
}

import { type Abi, type Address, encodeFunctionData, type Hash, type Hex, type PublicClient } from 'viem'
import { signerBonds } from '../../../chain/generated/abi.ts'
import type { Log } from '../../runtime/log.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import { gasWithMargin } from '../chain.ts'
import { sendOnce } from '../sendOnce.ts'
import type { Heard } from '../store.ts'
import type { ProvenTotals } from './contract.ts'

/** The calls of SignerBonds, each once for its effect. */
export type SendBonds = {
  proveEquivocation(first: Heard, second: Heard): Promise<void>
  accuse(signed: Heard, proven: ProvenTotals): Promise<void>
  defend(accusation: Hash, headers: Hex): Promise<void>
  settle(accusation: Hash): Promise<void>
}

export type SendBondsParameters = { client: PublicClient; bonds: Address; outbox: Outbox; log: Log }

export function createSendBonds({ client, bonds, outbox, log }: SendBondsParameters): SendBonds {
  const abi: Abi = signerBonds.abi
  async function send(key: string, functionName: string, args: readonly unknown[]): Promise<void> {
    const call = { address: bonds, abi, functionName, args, account: outbox.address }
    const gas = await gasWithMargin(client, call)
    const data = encodeFunctionData({ abi, functionName, args })
    const hash = await sendOnce(outbox, { key: `bonds/${key}`, to: bonds, data, gas })
    log.info({ key, hash }, 'relayer.bond.called')
  }
  const evidence = ({ configDigest, report, signature }: Heard) => ({ configDigest, report, signature })
  const subject = ({ signer, report: { network, day } }: Heard) => `${signer}/${network}/${day}`
  return {
    proveEquivocation: (first, second) =>
      send(`equivocation/${subject(first)}/${first.report.round}`, 'proveEquivocation', [
        evidence(first),
        evidence(second),
      ]),
    accuse: (signed, proven) =>
      send(`accuse/${subject(signed)}/${signed.report.lastBlockHash}`, 'accuse', [evidence(signed), proven]),
    defend: (accusation, headers) => send(`defend/${accusation}`, 'defend', [accusation, headers]),
    settle: (accusation) => send(`settle/${accusation}`, 'settle', [accusation]),
  }
}

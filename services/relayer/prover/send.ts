import { type Abi, type ContractFunctionArgs, encodeFunctionData, type PublicClient } from 'viem'
import { allDone } from '../../../chain/allDone.ts'
import { bitcoinRelay } from '../../../chain/generated/abi.ts'
import type { Log } from '../../runtime/log.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import { gasWithMargin } from '../chain.ts'
import { sendOnce } from '../sendOnce.ts'
import type { Relay } from './relay.ts'

type Call<Name extends 'addHeaders' | 'proveCoinbases' | 'closeDay'> = {
  /** Names the effect, whoever brings it about. */
  key: string
  functionName: Name
  args: ContractFunctionArgs<typeof bitcoinRelay.abi, 'nonpayable', Name>
}

export type RelayCall = Call<'addHeaders'> | Call<'proveCoinbases'> | Call<'closeDay'>

export type Send = {
  /** Once for each effect. What the relay would refuse is not sent: CallRefusedError. */
  (call: RelayCall): Promise<void>
  /** Calls that need each about as much gas: only the first one is tried out. They travel together. */
  alike(calls: readonly RelayCall[]): Promise<void>
}

export type SendParameters = { client: PublicClient; relay: Relay; outbox: Outbox; log: Log }

/** Calls the relay. */
export function createSend({ client, relay: { address }, outbox, log }: SendParameters): Send {
  const abi: Abi = bitcoinRelay.abi
  const gasOf = ({ functionName, args }: RelayCall) =>
    gasWithMargin(client, { address, abi, functionName, args, account: outbox.address })
  const sendWith = async (gas: bigint, { key, functionName, args }: RelayCall) => {
    const data = encodeFunctionData({ abi, functionName, args })
    const hash = await sendOnce(outbox, { key: `relay/${key}`, to: address, data, gas })
    log.debug({ key, hash }, 'relayer.relay.called')
  }
  const send = async (call: RelayCall) => sendWith(await gasOf(call), call)
  const alike = async (calls: readonly RelayCall[]) => {
    const [first] = calls
    if (first === undefined) return
    const gas = await gasOf(first)
    await allDone(calls.map((call) => sendWith(gas, call)))
  }
  return Object.assign(send, { alike })
}

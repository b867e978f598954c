import { BaseError } from '../../../../chain/errors.ts'
import type { Network } from '../../../../services/sequencer/network.ts'
import { pause, resumeSending, retry, skip } from '../../../../services/sequencer/words.ts'
import type { World } from './world.ts'

/** What the operator says to a service that is up, decided once a block. Once all is well he takes everything back. */
export function operate(world: World): void {
  const { faults, random, run } = world
  const network = run.owner.alive ? run.core?.network : undefined
  if (network === undefined) return
  const say = (word: Promise<unknown>) => hear(world, network, word)
  const { paused, skipped } = network.words
  const isEnough = () => faults.isCalm() || random.chance(0.2)

  if (faults.strikes('operator.pauses')) say(pause(network, 'an exercise'))
  else if (paused !== undefined && isEnough()) say(resumeSending(network))

  const open = [...network.open.keys()]
  const chosen = open[random.below(open.length)]
  if (chosen !== undefined && faults.strikes('operator.skips')) say(skip(network, chosen, 'its owner asked'))
  for (const id of skipped.keys()) if (isEnough()) say(retry(network, id))
}

/** He gets an error, and tries again another time. A service that was stopped meanwhile answers as it likes. */
function hear(world: World, network: Network, word: Promise<unknown>): void {
  word.catch((error: unknown) => {
    if (!(error instanceof BaseError) && world.run.core?.network === network) world.broken.push(error)
  })
}

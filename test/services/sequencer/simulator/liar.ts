import { type Hex, isHex, keccak256 } from 'viem'
import type { Faults } from './faults.ts'
import type { Random } from './random.ts'
import type { Node } from './wire.ts'

/** A node that now and then says something else than it knows, and passes on nothing of what it is sent then. */
export function lying(node: Node, { faults, random }: { faults: Faults; random: Random }): Node {
  return {
    ...node,
    url: node.url.replace('//', '//liar.'),
    answer: (method, params) => {
      if (!faults.strikes('rpc.lies')) return node.answer(method, params)
      if (method === 'eth_sendRawTransaction') return keccak256(params[0] as Hex)
      return altered(node.answer(method, params), random)
    },
  }
}

/** The same but for one thing in it. */
function altered(value: unknown, random: Random): unknown {
  if (typeof value === 'string') return isHex(value) && value.length > 2 ? alteredHex(value, random) : value
  if (Array.isArray(value)) {
    const at = random.below(value.length)
    if (random.chance(0.5)) return value.toSpliced(at, 1)
    return value.map((one, position) => (position === at ? altered(one, random) : one))
  }
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value)
  const chosen = keys[random.below(keys.length)]
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === chosen ? altered(one, random) : one]),
  )
}

function alteredHex(value: Hex, random: Random): Hex {
  const at = 2 + random.below(value.length - 2)
  const digit = ((Number.parseInt(value.charAt(at), 16) + 1 + random.below(15)) % 16).toString(16)
  return `0x${value.slice(2, at)}${digit}${value.slice(at + 1)}`
}

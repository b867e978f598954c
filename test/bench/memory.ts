import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'
import type { RunningNetwork } from '../support/network.ts'

type Process = { pid: number; parent: number; residentKb: number; command: string }

/** Resident megabytes of each component of a network, by its name. */
export function residentMb({ box, command }: RunningNetwork): Map<string, number> {
  const all = processes()
  const supervisor = command.child.pid
  const found = new Map<string, number>()
  for (const process of all) {
    const name =
      process.pid === supervisor
        ? 'supervisor'
        : (serviceOf(process, supervisor) ?? programOf(process, box.state))
    if (name === undefined) continue
    found.set(name, (found.get(name) ?? 0) + process.residentKb / 1_024)
  }
  return found
}

/** Processes of a network that outlive their supervisor, and it. */
export function pidsOf({ box, command }: RunningNetwork): number[] {
  return processes()
    .filter(({ pid, command: words }) => pid === command.child.pid || words.includes(box.state))
    .map(({ pid }) => pid)
}

function processes(): Process[] {
  // Linux and macOS both know it, in kilobytes.
  const text = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,rss=,args='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  })
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, rss, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    if (command === undefined) return []
    return [{ pid: Number(pid), parent: Number(parent), residentKb: Number(rss), command }]
  })
}

function serviceOf({ parent, command }: Process, supervisor: number | undefined): string | undefined {
  if (parent !== supervisor) return undefined
  return /services\/(\w+)\/main\.ts/.exec(command)?.[1]
}

/** A program of an engine: anvil, or one of the OP Stack's, which lie in the engine's folder or name it. */
function programOf({ command }: Process, state: string): string | undefined {
  if (!command.includes(`${state}/`)) return undefined
  const program = basename(command.split(' ')[0] ?? '')
  const names = new Set(['anvil', 'geth', 'op-node', 'op-batcher', 'op-proposer'])
  if (!names.has(program)) return undefined
  const owner = command.includes(`${state}/replica`) ? ' of the replica' : ''
  if (program !== 'anvil') return `${program === 'geth' ? 'op-geth' : program}${owner}`
  return command.includes('/l2/') ? 'anvil L2' : 'anvil L1'
}

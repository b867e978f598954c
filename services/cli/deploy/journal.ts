import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Address } from 'viem'
import { z } from 'zod'
import type { Decide } from '../../../chain/deploy/l1.ts'
import { replaceFile } from '../../../chain/engine/anvil/dump.ts'
import { toJson } from '../output.ts'
import { JournalError, OtherRolesError } from './errors.ts'
import { parseRoles, type Roles } from './rolesFile.ts'

const schema = z.object({
  version: z.literal(1),
  /** The text of the roles file with which the deployment began. */
  roles: z.string(),
  deployer: z.string(),
  /** The transactions as they were rehearsed before the first one was sent. */
  plan: z.array(z.object({ step: z.string(), gas: z.string() })),
  contracts: z.record(z.string(), z.string()),
  /** What was decided on the way. A run that goes on uses the same. */
  decided: z.record(z.string(), z.unknown()),
})
type Content = z.infer<typeof schema>

/** Where a deployment remembers what it did. It stays with the deployer, and the network folder beside it is published. */
export type DeployFolder = ReturnType<typeof deployFolder>

export function deployFolder(network: string) {
  const root = `${resolve(network)}.deploy`
  return {
    root,
    network: resolve(network),
    journal: join(root, 'journal.json'),
    outbox: (chain: 'l1' | 'l2') => join(root, `outbox-${chain}`),
    make: join(root, 'make'),
  }
}

export type Journal = {
  readonly roles: Roles
  readonly deployer: Address
  readonly plan: readonly { step: string; gas: bigint }[]
  readonly contracts: Record<string, string>
  readonly decide: Decide
  /** What was decided under this name, if it was. */
  decided(name: string): unknown
}

/** The journal of a deployment that was begun; undefined where none was. */
export async function readJournal(folder: DeployFolder): Promise<Journal | undefined> {
  if (!existsSync(folder.journal)) {
    if (existsSync(folder.outbox('l1'))) throw new JournalError(folder.journal, 'is missing')
    return undefined
  }
  const text = await readFile(folder.journal, 'utf8')
  const result = schema.safeParse(parse(folder.journal, text))
  if (!result.success) throw new JournalError(folder.journal, z.prettifyError(result.error))
  return journalOf(folder, result.data)
}

export type Beginning = {
  rolesText: string
  deployer: Address
  plan: readonly { step: string; gas: bigint }[]
  contracts: Record<string, string>
}

/** Writes the journal of a deployment that begins now. */
export async function beginJournal(folder: DeployFolder, beginning: Beginning): Promise<Journal> {
  const { rolesText, deployer, plan, contracts } = beginning
  const steps = plan.map(({ step, gas }) => ({ step, gas: gas.toString() }))
  const content = { version: 1 as const, roles: rolesText, deployer, plan: steps, contracts, decided: {} }
  await mkdir(folder.root, { recursive: true })
  await save(folder, content)
  return journalOf(folder, content)
}

function journalOf(folder: DeployFolder, content: Content): Journal {
  const { decided } = content
  return {
    roles: parseRoles(content.roles, folder.journal),
    // Safe: written from an address.
    deployer: content.deployer as Address,
    plan: content.plan.map(({ step, gas }) => ({ step, gas: BigInt(gas) })),
    contracts: content.contracts,
    decided: (name) => decided[name],
    decide: async <T>(name: string, make: () => Promise<T>) => {
      if (!(name in decided)) {
        decided[name] = await make()
        await save(folder, content)
      }
      // Safe: JSON of what `make` answered under this name.
      return decided[name] as T
    },
  }
}

async function save(folder: DeployFolder, content: Content): Promise<void> {
  await replaceFile(folder.journal, `${JSON.stringify(content, null, 2)}\n`)
}

/** Throws OtherRolesError, which names what is not as it was. URLs may change: nothing on a chain depends on them. */
export function assertSameRoles(
  folder: DeployFolder,
  journal: Journal,
  { roles, deployer }: { roles: Roles; deployer: Address },
): void {
  const [was, is] = [facts(journal.roles, journal.deployer), facts(roles, deployer)]
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => !name.startsWith('urls.'))
  const differences = names
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => `${name} is ${is.get(name) ?? 'absent'}, was ${was.get(name) ?? 'absent'}`)
  if (differences.length > 0) throw new OtherRolesError(folder.root, differences)
}

/** Every value of the roles file by its dotted name. */
function facts(roles: Roles, deployer: Address): Map<string, string> {
  const found = new Map<string, string>([['the deployer', deployer]])
  const walk = (name: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      found.set(name, String(value))
      return
    }
    for (const [key, item] of Object.entries(value)) walk(name === '' ? key : `${name}.${key}`, item)
  }
  walk('', JSON.parse(toJson(roles)))
  return found
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new JournalError(path, 'is not JSON', cause)
  }
}

import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { networkIdentity } from '../../../chain/identity.ts'
import { type Context, contextOf, manifestOf } from '../context.ts'
import { backUp } from '../db/backup.ts'
import { checkChains } from '../db/checkChains.ts'
import { checkStore, type Finding, type StoreReport, storesIn } from '../db/checkStore.ts'
import { NoStoresError, StoresDamagedError } from '../db/errors.ts'
import { repairStore } from '../db/repair.ts'
import { restore } from '../db/restore.ts'

type Options = { store?: string }

/** The stores of a service: what is in them, whether it is whole, and copies of them. */
export function registerDb(program: Command): void {
  const db = program.command('db').description('the stores of a service: what is in them, and copies of them')
  withStore(db.command('inspect').description('what is in each store; the service is stopped')).action(
    async (options: Options, command: Command) => {
      const context = contextOf(command)
      for (const report of await reportsOf(context, options)) context.output.result(report, describe(report))
    },
  )
  withStore(
    db
      .command('verify')
      .description(
        'every file and row, what rows say of each other and, where they answer, what the chains say. Of a service that runs, verify a backup: --store takes its folder',
      ),
  ).action(verify)
  withStore(
    db
      .command('backup')
      .description('copy all stores, while the service runs or not')
      .argument('<folder>', 'where to; not there yet'),
  ).action(async (to: string, options: Options, command: Command) => {
    const context = contextOf(command)
    const stores = await backUp(folderOf(context, options), resolve(to), () => manifestOf(context))
    context.output.result({ backup: resolve(to), stores }, `${stores.join(', ')} are in ${resolve(to)}.`)
  })
  withStore(
    db
      .command('restore')
      .description(
        'put a backup in the place of the stores; the service is stopped, and catches up when it starts',
      )
      .argument('<folder>', 'what hashsand db backup wrote')
      .option('--force', 'put stores that are not empty aside'),
  ).action(restoreFrom)
  withStore(
    db
      .command('repair')
      .description(
        'make damaged stores usable: kept is what nobody else has, the rest is read from the chains again',
      ),
  ).action(repair)
}

const withStore = (command: Command) =>
  command.option(
    '--store <folder>',
    "the service's HASHSAND_STATE_DIR; the sequencer's of the development network if absent",
  )

const folderOf = ({ folder }: Context, { store }: Options) =>
  store === undefined ? folder.service('sequencer') : resolve(store)

async function pathsOf(context: Context, options: Options): Promise<string[]> {
  const folder = folderOf(context, options)
  const names = await storesIn(folder)
  if (names.length === 0) throw new NoStoresError(folder)
  return names.map((name) => join(folder, name))
}

async function reportsOf(context: Context, options: Options): Promise<StoreReport[]> {
  const reports: StoreReport[] = []
  for (const path of await pathsOf(context, options)) reports.push(await checkStore(path))
  return reports
}

async function verify(options: Options, command: Command): Promise<void> {
  const context = contextOf(command)
  const { output } = context
  const reports = await reportsOf(context, options)
  const manifest = await manifestOf(context).catch(() => undefined)
  const findings = [
    ...reports.flatMap((report) => report.findings),
    ...(manifest === undefined ? [] : await checkChains(manifest, reports)),
  ]
  for (const finding of findings) output.result(finding, tellFinding(finding))
  const grave = findings.filter((finding) => finding.grave).length
  if (grave > 0) throw new StoresDamagedError(grave)
  const rows = reports.reduce((sum, report) => sum + total(report), 0)
  const asked = manifest === undefined ? 'The chains were not asked: there is no manifest.' : ''
  output.result(
    { verified: reports.map(({ store }) => store), rows, chainsAsked: manifest !== undefined },
    `${reports.length} stores with ${rows} rows are whole. ${asked}`.trim(),
  )
}

async function restoreFrom(
  backup: string,
  { force = false, ...options }: Options & { force?: boolean },
  command: Command,
) {
  const context = contextOf(command)
  const manifest = await manifestOf(context).catch(() => undefined)
  const { stores, putAside } = await restore({
    folder: folderOf(context, options),
    backup: resolve(backup),
    force,
    network: manifest && networkIdentity(manifest),
  })
  const names = stores.map(({ store }) => store)
  const aside = putAside.map((path) => `\nWhat was there lies in ${path}.`).join('')
  context.output.result(
    { restored: names, putAside },
    `${names.join(', ')} are restored. Start the service: it catches up with the chains.${aside}`,
  )
}

async function repair(options: Options, command: Command): Promise<void> {
  const context = contextOf(command)
  let left = 0
  for (const path of await pathsOf(context, options)) {
    const repaired = await repairStore(path)
    const { store, putAside, lost, isReadAnew } = repaired
    left += repaired.left.filter(({ grave }) => grave).length
    const lines = [
      putAside === undefined
        ? `${store}: nothing to repair`
        : `${store}: repaired; as it was it lies in ${putAside}`,
      ...(isReadAnew ? ['  its messages are read from the chains again when the service starts'] : []),
      ...lost.map((place) => `  lost: ${place}`),
      ...repaired.left.map((finding) => `  ${tellFinding(finding)}`),
    ]
    context.output.result(repaired, lines.join('\n'))
  }
  if (left > 0) throw new StoresDamagedError(left)
}

const total = ({ rows }: StoreReport) => Object.values(rows).reduce((sum, count) => sum + count, 0)

const tellFinding = ({ store, place, problem, grave }: Finding) =>
  `${grave ? 'bad ' : 'note'} ${store} at ${place}: ${problem}`

function describe({
  store,
  kind,
  version,
  belongsTo,
  bytes,
  rows,
  heads,
  outbox,
  findings,
}: StoreReport): string {
  const counts = Object.entries(rows).map(([table, count]) => `${table} ${count}`)
  const lines = [
    `${store}: ${kind}, version ${version}, ${(bytes / 1e6).toFixed(1)} MB`,
    `  belongs to ${belongsTo ?? 'nobody yet'}`,
    `  rows: ${counts.join(', ') || 'none'}`,
    ...(heads === undefined
      ? []
      : [`  read up to L1 block ${heads.l1?.number ?? 'none'}, L2 block ${heads.l2?.number ?? 'none'}`]),
    ...(outbox === undefined
      ? []
      : [`  ${outbox.pending} on their way, next nonce ${outbox.nextNonce} or above`]),
    ...findings.map((finding) => `  ${tellFinding(finding)}`),
  ]
  return lines.join('\n')
}

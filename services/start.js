// Starts one of Hashsand's programs: `node services/start.js NAME …`, NAME being a folder beside this file that has a main.ts.
//
// The sources are some four hundred files of TypeScript, and to load them one by one takes a core for seconds, at every start. So they are
// bundled once for each state that they are in, each program into one file, and a start loads that. Nothing of ours is loaded later: viem imports
// a part of itself when a call fails, which may be months from now. Where nothing can be written the sources are loaded one by one.

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
/** Not in node_modules, which may be a link to elsewhere: what is found by its place would be found there. */
const bundles = join(import.meta.dirname, '.cache')
const sources = ['chain', 'bridge', 'oracle', 'services']
/** Small files in great number, which would cost more than our own. Other packages stay as they are: some have native parts. */
const bundled = /^(viem|ox|abitype|zod|@noble\/\w+|@scure\/\w+)(\/|$)/
const dayMs = 86_400_000

/** Runs a program in this process, with the words that follow its name. */
export async function start(name, words) {
  const main = join(root, 'services', name, 'main.ts')
  process.argv.splice(1, process.argv.length, main, ...words)
  const file = await bundleOf(name).catch(() => undefined)
  if (file === undefined) {
    const { register } = await import('tsx/esm/api')
    register()
    await import(pathToFileURL(main).href)
    return
  }
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(file).href)
}

/** The program's file in the bundle of the sources as they are now. Rejects where they can't be read or nothing can be written. */
async function bundleOf(name) {
  const folder = join(bundles, stateOfSources())
  if (!existsSync(folder)) await bundle(folder)
  return join(folder, `${name}.mjs`)
}

/** Changes with any byte that a bundle is made of. By content: an image of the installation keeps the times of files to the second. */
function stateOfSources() {
  const hash = createHash('sha256')
  const files = sources.flatMap((folder) => filesBelow(join(root, folder)))
  for (const path of [...files, join(root, 'package-lock.json')]) {
    const content = readFileSync(path)
    hash.update(`${path} ${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : filesBelow(path)
    return ['.ts', '.json'].includes(extname(entry.name)) ? [path] : []
  })
}

/** Several may do this at once: each in a folder of its own, and the first one stays. */
async function bundle(folder) {
  const own = `${folder}.${randomUUID()}`
  mkdirSync(own, { recursive: true })
  try {
    const { build } = await import('esbuild')
    await build({
      absWorkingDir: root,
      entryPoints: programs().map((name) => ({ in: `services/${name}/main.ts`, out: name })),
      outdir: own,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'linked',
      sourcesContent: false,
      logLevel: 'silent',
      plugins: [{ name: 'packages', setup: leaveOut }],
    })
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  sweep()
}

function programs() {
  const folders = readdirSync(import.meta.dirname).filter((name) => name !== 'runtime')
  return folders.filter((name) => existsSync(join(import.meta.dirname, name, 'main.ts')))
}

function leaveOut({ onResolve }) {
  onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
    kind === 'entry-point' || bundled.test(path) ? undefined : { path, external: true },
  )
}

/** Takes away what no process can want that is still starting; one that has started has all of it. */
function sweep() {
  for (const name of readdirSync(bundles)) {
    const path = join(bundles, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs > dayMs) rmSync(path, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name = '', ...words] = process.argv.slice(2)
  if (programs().includes(name)) await start(name, words)
  else {
    process.stderr.write(
      `There is no program ${JSON.stringify(name)}. Name one of ${programs().join(', ')}.\n`,
    )
    process.exitCode = 2
  }
}

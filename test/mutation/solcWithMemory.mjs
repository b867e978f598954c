#!/usr/bin/env node
// Stands in for chain/bin/solc in the mutation tests' copy of the project: what was compiled once is answered from a file. forge asks
// for the interfaces of all sources before each run, which never change here: mutants are put into the artifacts.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const folder = join(import.meta.dirname, '../../answers')
if (process.argv.includes('--version')) process.stdout.write(answer('version', version))
else {
  const input = await text(process.stdin)
  const key = createHash('sha256').update(input).digest('hex')
  process.stdout.write(answer(key, () => solc().compile(input)))
}

function solc() {
  return createRequire(import.meta.url)('solc')
}

function version() {
  const named = solc().version().replace('Emscripten.clang', 'Linux.g++')
  return `solc, the solidity compiler commandline interface\nVersion: ${named}\n`
}

function answer(key, compute) {
  const path = join(folder, key)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const computed = compute()
  writeFileSync(`${path}.${process.pid}`, computed)
  renameSync(`${path}.${process.pid}`, path)
  return computed
}

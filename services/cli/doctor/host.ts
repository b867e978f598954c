import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreInUseError } from '../../runtime/outboxErrors.ts'
import { checkStore, storesIn } from '../db/checkStore.ts'
import { bad, type Finding, ok, warn } from './finding.ts'

const leastFreeBytes = 1e9
const comfortableBytes = 5e9

export async function checkDisk(folder: string): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const detail = `${folder}: ${(free / 1e9).toFixed(1)} GB free`
  if (free < leastFreeBytes) return [bad('disk', detail, 'Make room now: a full disk ends the service.')]
  return [free < comfortableBytes ? warn('disk', detail, 'Make room.') : ok('disk', detail)]
}

/** Every row, where the service does not run. */
export async function checkStores(folder: string): Promise<Finding[]> {
  const names = await storesIn(folder)
  if (names.length === 0)
    return [warn('store', `${folder} holds none yet`, 'Right before the first start; else name --store.')]
  const found: Finding[] = []
  for (const name of names) {
    try {
      const { findings, rows } = await checkStore(join(folder, name))
      const count = Object.values(rows).reduce((sum, each) => sum + each, 0)
      if (findings.length === 0) found.push(ok('store', `${name}: ${count} rows, whole`))
      for (const { place, problem, grave } of findings) {
        const detail = `${name} at ${place}: ${problem}`
        found.push(
          grave
            ? bad('store', detail, 'hashsand db repair')
            : warn('store', detail, 'hashsand db verify says more.'),
        )
      }
    } catch (error) {
      if (!(error instanceof StoreInUseError)) throw error
      // What it was when the service opened it was looked at then.
      found.push(ok('store', `${name}: open by ${error.holder}`))
    }
  }
  return found
}

const leastNode = [20, 19] as const

export function checkVersions(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const detail = `node ${process.versions.node} on ${process.platform} ${process.arch}`
  const isOld = major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1])
  return [
    isOld ? bad('versions', detail, `Use node ${leastNode.join('.')} or newer.`) : ok('versions', detail),
  ]
}

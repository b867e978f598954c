import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

/** What is mutated together: contracts, and the tests that look at them. */
export type Area = {
  files: readonly string[]
  /** Paths in `test/contracts` of what looks at something else, or at gas. */
  elsewhere: RegExp
}

export const areaNames = ['ledger', 'oracle'] as const
export type AreaName = (typeof areaNames)[number]

/** Libraries that oracle contracts are built from: an error in one is an error in them. */
const oracleLibraries = [
  'BitcoinCoinbase',
  'BitcoinHash',
  'BitcoinMedianTime',
  'BitcoinTarget',
  'CalldataRlp',
  'EthereumHeader',
  'EthereumTransaction',
  'MerkleList',
  'TransactionTrie',
]

export function areaOf(project: string, name: AreaName): Area {
  if (name === 'ledger') {
    return {
      files: filesIn(project, 'contracts/ledger'),
      elsewhere: /^(l1|oracle|symbolic|libraries|market|integration)\b|^Gas\.t\.sol$|Ocr2Peer/,
    }
  }
  return {
    files: [
      ...filesIn(project, 'contracts/oracle'),
      ...oracleLibraries.map((library) => `contracts/libraries/${library}.sol`),
    ],
    elsewhere: /^(l1|ledger|symbolic|libraries|market|integration|model)\b|Gas\.t\.sol$|Ocr2Peer/,
  }
}

/** Whether a mutant of this id is one of the area's: ids begin with the name of the file. */
export function isOf({ files }: Area, id: string): boolean {
  return files.some((file) => id.startsWith(`${basename(file, '.sol')}.`))
}

function filesIn(project: string, folder: string): string[] {
  return readdirSync(join(project, folder))
    .sort()
    .map((name) => `${folder}/${name}`)
}

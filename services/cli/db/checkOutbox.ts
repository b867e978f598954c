import { type Hex, keccak256, parseTransaction, recoverTransactionAddress } from 'viem'
import type { Finding, StoredRow } from './checkStore.ts'

// What an outbox holds must be what its key has signed: its bytes are sent as they are.

type Form = { hash: string; raw: Hex }
type Entry = {
  key: string
  nonce: number
  to: string | null
  data: string
  value: bigint
  forms: readonly Form[]
  settled?: { hash: string }
}

export async function checkOutbox(
  store: string,
  identity: string,
  stored: readonly StoredRow[],
): Promise<{ outbox: { pending: number; nextNonce: number }; findings: Finding[] }> {
  const findings: Finding[] = []
  const tell = (place: string, problem: string, grave = true) =>
    findings.push({ store, place, problem, grave })
  const [, chainId, owner] = /^chain (\d+),.* key (0x[0-9a-fA-F]{40})$/.exec(identity) ?? []
  if (owner === undefined) tell('meta identity', `it names no chain and key: ${identity}`)

  // Safe: a row with the right checksum is what the outbox wrote there.
  const rows = stored.filter(({ table }) => table === 'entries') as { key: string; value: Entry }[]
  const entries = rows.map(({ value }) => value)
  for (const { key, value } of rows) {
    if (value.key !== key) tell(`entries ${key}`, `it is the intent ${value.key}`)
    for (const problem of await problemsOf(value, Number(chainId), owner)) tell(`entries ${key}`, problem)
  }
  checkNonces(entries, tell)
  const pending = entries.filter(({ settled }) => settled === undefined).length
  const nextNonce = entries.reduce((next, { nonce }) => Math.max(next, nonce + 1), 0)
  return { outbox: { pending, nextNonce }, findings }
}

async function problemsOf(entry: Entry, chainId: number, owner: string | undefined): Promise<string[]> {
  const problems: string[] = []
  for (const { hash, raw } of entry.forms) {
    if (keccak256(raw) !== hash) problems.push(`the bytes of ${hash} have another hash`)
  }
  const newest = entry.forms.at(-1)
  if (newest === undefined) return [...problems, 'it has no signed form']
  const signed = parseTransaction(newest.raw)
  if (signed.nonce !== entry.nonce && !(signed.nonce === undefined && entry.nonce === 0)) {
    problems.push(`it is signed with nonce ${signed.nonce} instead of ${entry.nonce}`)
  }
  if (signed.chainId !== chainId) problems.push(`it is signed for chain ${signed.chainId}`)
  // Safe: viem's type asks for a serialised transaction, which these bytes are.
  const signer = await recoverTransactionAddress({ serializedTransaction: newest.raw as `0x02${string}` })
  if (owner !== undefined && signer.toLowerCase() !== owner.toLowerCase()) {
    problems.push(`it is signed by ${signer}`)
  }
  const { settled } = entry
  if (settled !== undefined && entry.forms.every(({ hash }) => hash !== settled.hash)) {
    problems.push(`it is settled by ${settled.hash}, which is none of its forms`)
  }
  return problems
}

/** Two intents of one nonce: only one of them can ever be mined. One that is missing below: what lies above waits for it. */
function checkNonces(
  entries: readonly Entry[],
  tell: (place: string, problem: string, grave?: boolean) => void,
): void {
  const byNonce = new Map<number, Entry>()
  for (const entry of entries) {
    const other = byNonce.get(entry.nonce)
    if (other !== undefined) {
      tell(`entries ${entry.key}`, `it has the nonce ${entry.nonce}, and so has ${other.key}`)
    }
    byNonce.set(entry.nonce, entry)
  }
  const first = entries.reduce((least, { nonce }) => Math.min(least, nonce), Number.POSITIVE_INFINITY)
  for (const { key, nonce, settled } of entries) {
    if (settled !== undefined || nonce === first || byNonce.has(nonce - 1)) continue
    // Something else may have been sent with that key; only the chain knows.
    tell(`entries ${key}`, `it waits with nonce ${nonce}, and nothing here has ${nonce - 1}`, false)
  }
}

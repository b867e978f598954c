import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Wallet } from '@ethereumjs/wallet'
import { type Address, getAddress, type Hex, hexToBytes } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { z } from 'zod'
import {
  FileModeError,
  KeyExistsError,
  NotAKeystoreError,
  OtherAddressError,
  PasswordFileError,
  WrongPasswordError,
} from './keyErrors.ts'

/** As geth writes them: a second of work and 256 MB for each guess. */
const scrypt = { kdf: 'scrypt', n: 262_144, r: 8, p: 1 } as const
/** A file that asks for more work than this is not meant to be opened. */
const MAX_SCRYPT_N = 2 ** 20
const MAX_PBKDF2_ROUNDS = 10_000_000

const hex = z.string().regex(/^[0-9a-f]+$/)
const positive = z.number().int().positive()
const common = { cipher: z.literal('aes-128-ctr'), cipherparams: z.object({ iv: hex }), ciphertext: hex }
const keystore = z.object({
  version: z.literal(3),
  address: z
    .string()
    .regex(/^(0x)?[0-9a-f]{40}$/)
    .optional(),
  crypto: z.discriminatedUnion('kdf', [
    z.object({
      ...common,
      mac: hex,
      kdf: z.literal('scrypt'),
      kdfparams: z.object({
        dklen: z.literal(32),
        salt: hex,
        n: positive.max(MAX_SCRYPT_N),
        r: positive.max(32),
        p: positive.max(16),
      }),
    }),
    z.object({
      ...common,
      mac: hex,
      kdf: z.literal('pbkdf2'),
      kdfparams: z.object({
        dklen: z.literal(32),
        salt: hex,
        c: positive.max(MAX_PBKDF2_ROUNDS),
        prf: z.literal('hmac-sha256'),
      }),
    }),
  ]),
})

/** The address that the file names, without its password. cast leaves it out. */
export async function keystoreAddress(path: string): Promise<Address | undefined> {
  const { address } = await readKeystore(path)
  return address === undefined ? undefined : getAddress(`0x${address.replace(/^0x/, '')}`)
}

/** The private key in a keystore file of version 3. */
export async function openKeystore(path: string, password: string): Promise<Hex> {
  const stored = await readKeystore(path)
  // What could be wrong with the file was looked for: what is left is the password.
  const wallet = await Wallet.fromV3(JSON.stringify(stored), password).catch((cause: unknown) => {
    throw new WrongPasswordError(path, cause)
  })
  // Safe: the library writes 0x and 64 digits.
  const key = wallet.getPrivateKeyString() as Hex
  const [given, named] = [privateKeyToAddress(key), await keystoreAddress(path)]
  if (named !== undefined && named !== given) throw new OtherAddressError(path, given, named)
  return key
}

/** Writes a key, readable by its owner alone and with the password. A file that is there is never touched. */
export async function writeKeystore(path: string, key: Hex, password: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) throw new KeyExistsError(path)
  const stored = await Wallet.fromPrivateKey(hexToBytes(key)).toV3String(password, scrypt)
  const draft = `${path}.tmp`
  await rm(draft, { force: true })
  await writeFile(draft, `${stored}\n`, { mode: 0o600, flush: true })
  await rename(draft, path)
}

/** The first line of a file that nobody else can read. */
export async function readPassword(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PasswordFileError(path, 'can not be read', cause)
  })
  await assertPrivate(path)
  const [password = '', ...others] = text.replace(/\r?\n$/, '').split(/\r?\n/)
  if (password === '') throw new PasswordFileError(path, 'is empty')
  if (others.length > 0) throw new PasswordFileError(path, 'has more than one line')
  return password
}

/** systemd shows its credentials to one service alone, by an access list that looks like a mode for a group. */
export async function assertPrivate(path: string): Promise<void> {
  const credentials = process.env.CREDENTIALS_DIRECTORY
  if (credentials !== undefined && dirname(resolve(path)) === resolve(credentials)) return
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) throw new FileModeError(path, mode & 0o777)
}

async function readKeystore(path: string): Promise<z.infer<typeof keystore>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new NotAKeystoreError(path, 'it can not be read', cause)
  })
  await assertPrivate(path)
  // Other clients write digits and names in capitals.
  const result = keystore.safeParse(parse(path, text.toLowerCase()))
  if (!result.success) {
    const places = result.error.issues.map(({ path: place, message }) => `${place.join('.')}: ${message}`)
    throw new NotAKeystoreError(path, places.join('; '))
  }
  return result.data
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new NotAKeystoreError(path, 'it is not JSON', cause)
  }
}

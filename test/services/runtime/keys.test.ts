import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getAddress, type Hex } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import {
  FileModeError,
  KeyExistsError,
  KeyMissingError,
  NotAKeystoreError,
  OtherAddressError,
  PasswordFileError,
  WrongPasswordError,
} from '../../../services/runtime/keyErrors.ts'
import { createKeysFile, readKeys, readSecrets } from '../../../services/runtime/keys.ts'
import { keystoreAddress, openKeystore, writeKeystore } from '../../../services/runtime/keystore.ts'

/** The test vectors of the "Web3 secret storage definition", version 3; both hold the key of this address. */
const vectorPassword = 'testpassword'
const vectorAddress = getAddress(`0x${'008aeeda4d805471df9b2a5b0f38a0c3bcba786b'}`)
const vectors = {
  pbkdf2: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
      ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
      kdf: 'pbkdf2',
      kdfparams: {
        c: 262_144,
        dklen: 32,
        prf: 'hmac-sha256',
        salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
      },
      mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
  scrypt: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
      ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
      kdf: 'scrypt',
      kdfparams: {
        dklen: 32,
        n: 262_144,
        p: 8,
        r: 1,
        salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
      },
      mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
}

describe('keys', function () {
  this.timeout(30_000)
  let dir: string
  let batcher: Hex
  const at = (name: string) => join(dir, name)
  const write = (name: string, text: string, mode = 0o600) => {
    writeFileSync(at(name), text, { mode })
    chmodSync(at(name), mode)
    return at(name)
  }

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'hashsand-keys-'))
    batcher = generatePrivateKey()
    write('password', 'a long word\n')
    await writeKeystore(at('batcher.json'), batcher, 'a long word')
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  it('opens what other programs wrote: the published vectors, in capitals too', async () => {
    for (const [name, vector] of Object.entries(vectors)) {
      const path = write(`vector-${name}.json`, JSON.stringify(vector).replaceAll('"crypto"', '"Crypto"'))
      assert.equal(await keystoreAddress(path), undefined)
      assert.equal(privateKeyToAddress(await openKeystore(path, vectorPassword)), vectorAddress)
    }
  })

  it('writes a keystore that only its owner reads and only the password opens', async () => {
    assert.equal(statSync(at('batcher.json')).mode & 0o777, 0o600)
    assert.ok(!readFileSync(at('batcher.json'), 'utf8').includes(batcher.slice(2)))
    assert.equal(await keystoreAddress(at('batcher.json')), privateKeyToAddress(batcher))
    const { kdfparams } = JSON.parse(readFileSync(at('batcher.json'), 'utf8')).crypto
    assert.deepEqual([kdfparams.n, kdfparams.r, kdfparams.p], [262_144, 8, 1])
    await assert.rejects(openKeystore(at('batcher.json'), 'a long wort'), WrongPasswordError)
  })

  it('never overwrites a key', async () => {
    const before = readFileSync(at('batcher.json'), 'utf8')
    await assert.rejects(writeKeystore(at('batcher.json'), generatePrivateKey(), 'other'), KeyExistsError)
    assert.equal(readFileSync(at('batcher.json'), 'utf8'), before)
  })

  it('gives a host the keys of its own roles out of a folder', async () => {
    const keys = await readKeys(dir, ['batcher'])
    assert.deepEqual(Object.keys(keys), ['batcher'])
    assert.equal(keys.batcher.address, privateKeyToAddress(batcher))
    await assert.rejects(readKeys(dir, ['batcher', 'relayer']), (error) => {
      assert.ok(error instanceof KeyMissingError)
      assert.equal(error.role, 'relayer')
      return true
    })
  })

  it('still reads the one file of a development network, all of it or some roles', async () => {
    const path = at('development.json')
    await createKeysFile(path)
    const all = await readKeys(path)
    const some = await readSecrets(path, ['relayer'])
    assert.equal(privateKeyToAddress(some.relayer), all.relayer.address)
    chmodSync(path, 0o644)
    await assert.rejects(readKeys(path), FileModeError)
  })

  it('refuses what others can read', async () => {
    const loud = write('loud', 'a long word\n', 0o640)
    await assert.rejects(readKeys(dir, ['batcher'], { passwordFile: loud }), FileModeError)
    const copy = write('open.json', readFileSync(at('batcher.json'), 'utf8'), 0o644)
    await assert.rejects(openKeystore(copy, 'a long word'), FileModeError)
  })

  it('takes a credential of systemd, whose access list looks like a mode for a group', async () => {
    const passwordFile = write('credential', 'a long word\n', 0o440)
    process.env.CREDENTIALS_DIRECTORY = dir
    try {
      await readKeys(dir, ['batcher'], { passwordFile })
    } finally {
      delete process.env.CREDENTIALS_DIRECTORY
    }
  })

  it('says what is wrong with a password file', async () => {
    for (const [name, text] of Object.entries({ empty: '\n', long: 'one\ntwo\n' })) {
      const passwordFile = write(name, text)
      await assert.rejects(readKeys(dir, ['batcher'], { passwordFile }), PasswordFileError)
    }
    await assert.rejects(readKeys(dir, ['batcher'], { passwordFile: at('nowhere') }), PasswordFileError)
  })

  it('refuses what is no keystore, in one line', async () => {
    const good = JSON.parse(readFileSync(at('batcher.json'), 'utf8'))
    const { crypto } = good
    const bad = {
      text: 'not json',
      version: JSON.stringify({ ...good, version: 1 }),
      kdf: JSON.stringify({ ...good, crypto: { ...crypto, kdf: 'argon2' } }),
      greedy: JSON.stringify({
        ...good,
        crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 30 } },
      }),
    }
    for (const [name, text] of Object.entries(bad)) {
      await assert.rejects(openKeystore(write(`bad-${name}.json`, text), 'a long word'), (error) => {
        assert.ok(error instanceof NotAKeystoreError, name)
        assert.ok(!error.message.includes('\n'), name)
        return true
      })
    }
  })

  it('refuses a key of another address than its file says', async () => {
    const good = JSON.parse(readFileSync(at('batcher.json'), 'utf8'))
    const path = write('mixed.json', JSON.stringify({ ...good, address: 'ab'.repeat(20) }))
    await assert.rejects(openKeystore(path, 'a long word'), OtherAddressError)
  })
})

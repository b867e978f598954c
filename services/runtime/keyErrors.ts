import type { Address } from 'viem'
import { KeysError } from './errors.ts'

export class KeyMissingError extends KeysError {
  constructor(
    readonly role: string,
    readonly path: string,
    cause?: unknown,
  ) {
    super(
      `There is no key of the ${role} at ${path}. Make one with hashsand keys new --role ${role}, or bring yours with hashsand keys import.`,
      cause,
    )
  }
}

/** A file with a secret that others than its owner may read. */
export class FileModeError extends KeysError {
  constructor(
    readonly path: string,
    readonly mode: number,
  ) {
    super(`${path} has mode ${mode.toString(8)}: others can read it. Run chmod 600 on it.`)
  }
}

export class NotAKeystoreError extends KeysError {
  constructor(
    readonly path: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `${path} is not a keystore file of version 3 (${problem}). Give one that geth, cast wallet import or hashsand keys new wrote.`,
      cause,
    )
  }
}

export class WrongPasswordError extends KeysError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`The password does not open ${path}. Give the password file that belongs to it.`, cause)
  }
}

export class PasswordFileError extends KeysError {
  constructor(
    readonly path: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `The password file ${path} ${problem}. Put the password alone into it and run chmod 600 on it.`,
      cause,
    )
  }
}

/** The key is another one than its own file, or its role, says. */
export class OtherAddressError extends KeysError {
  constructor(
    readonly path: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`${path} holds the key of ${given}, expected that of ${expected}. Give the right keystore.`)
  }
}

export class KeyExistsError extends KeysError {
  constructor(readonly path: string) {
    super(
      `${path} is there already and is left as it is. Move it away first; without it its address is lost.`,
    )
  }
}

/** Another process of this machine sends with the same key. */
export class KeyInUseError extends KeysError {
  constructor(
    readonly address: Address,
    readonly chainId: number,
    readonly holder: string,
    cause?: unknown,
  ) {
    super(
      `The key of ${address} is in use on chain ${chainId} by ${holder}. Two senders would take each other's nonces: stop that one first, or give this one a key of its own.`,
      cause,
    )
  }
}

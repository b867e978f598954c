import { BaseError } from '../errors.ts'

export class ScratchCallError extends BaseError {
  override readonly retry = false

  constructor(
    readonly what: string,
    readonly address: string,
  ) {
    super(
      `The ${what} reverted at ${address} while genesis was built. Check the parameters of the deployment.`,
    )
  }
}

export class GenesisNotInjectedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly address: string,
    readonly what: string,
  ) {
    super(
      `The L2 node did not take the ${what} of ${address} at genesis. Start anew with hashsand devnet reset.`,
    )
  }
}

export class TwoBitcoinNetworksError extends BaseError {
  override readonly retry = false

  constructor(readonly count: number) {
    super(
      `${count} networks name a Bitcoin chain, and there is one BitcoinRelay predeploy. Let one network have it.`,
    )
  }
}

/** What an actor asks for. Ids, epochs and amounts may be anything that the ABI can carry, and `axis` more than that. */
export type Operation =
  | { verb: 'escrow'; long: bigint; quantity: bigint; longTo: string; shortTo: string }
  | { verb: 'merge'; long: bigint; quantity: bigint; to: string }
  | { verb: 'split' | 'join'; whole: bigint; axis: number; at: bigint; quantity: bigint }
  | { verb: 'realise'; id: bigint; until: number; quantity: bigint; to: string }
  | { verb: 'redeem'; id: bigint; quantity: bigint; to: string }
  | { verb: 'redeemMany'; ids: bigint[]; quantities: bigint[]; to: string }
  | { verb: 'poke'; index: number }
  | { verb: 'multicall'; calls: Operation[] }
  | { verb: 'register'; terms: Terms }
  | { verb: 'transfer'; receiver: string; id: bigint; amount: bigint }
  | { verb: 'transferFrom'; sender: string; receiver: string; id: bigint; amount: bigint }
  | { verb: 'approve'; spender: string; id: bigint; amount: bigint }
  | { verb: 'setOperator'; spender: string; approved: boolean }
  | { verb: 'deployFacade'; id: bigint }
  /** Through the id's ERC-20. */
  | { verb: 'facadeTransfer'; id: bigint; receiver: string; amount: bigint }
  | { verb: 'previewEscrow' | 'previewMerge' | 'previewRedeem'; id: bigint; quantity: bigint }
  | { verb: 'previewRealise'; id: bigint; until: number; quantity: bigint }
  | { verb: 'partsOf'; whole: bigint; axis: number; at: bigint }
  | { verb: 'payoffOf'; id: bigint; earned: bigint }
  | { verb: 'boundsOf' | 'mirrorOf' | 'topTicksOf' | 'totalSupply' | 'hasFacade'; id: bigint }
  | { verb: 'prefixSum'; index: number; component: number; epoch: number }
  | { verb: 'reserveOf' | 'pokedUntil'; index: number }
  /** Not of the ledger: what goes on around it. */
  | { verb: 'say'; network: number; day: number; rewards: bigint[] }
  | { verb: 'setMood'; mood: bigint }
  | { verb: 'mint'; token: string; to: string; amount: bigint }
  | { verb: 'approveCash'; token: string }
  | { verb: 'cashOf'; token: string; holder: string }

export type Verb = Operation['verb']

export type Terms = {
  token: string
  source: string
  network: number
  firstEpoch: number
  tick: bigint
  caps: bigint[]
}

/** What the ledger is asked, as opposed to what happens around it. */
export const isAround = ({ verb }: Operation): boolean =>
  ['say', 'setMood', 'mint', 'approveCash', 'cashOf'].includes(verb)

/** `actor`: a number into the world's actors. */
export type Step = { actor: number; operation: Operation }

export type Outcome =
  /** `returned` is undefined where the model does not know the value: where a facade is. */
  | { done: true; returned: readonly unknown[] | undefined }
  | { done: false; error: string; args: readonly unknown[] }

import { getAddress, keccak256, slice, stringToHex } from 'viem'

/** Addresses that nobody has a key of: each stands for one that the operator puts in its place. */
const placeholder = (role: string) => getAddress(slice(keccak256(stringToHex(`put your ${role} here`)), 12))

/** A roles file that is valid and fits Ethereum's mainnet in its times; every address in it has to be replaced. */
export function exampleRoles(): string {
  const day = Math.floor(Date.now() / 86_400_000)
  const roles = ['proposer', 'challenger', 'guardian', 'batcher', 'governor', 'sequencer', 'relayer'] as const
  const example = {
    name: 'my-hashsand',
    l1: { chainId: 1, blockTimeSeconds: 12, rules: 'osaka' },
    l2: { chainId: 48_531, blockTimeSeconds: 2 },
    roles: Object.fromEntries(roles.map((role) => [role, placeholder(role)])),
    bridge: {
      submissionIntervalBlocks: 1_800,
      finalizationPeriodSeconds: 7 * 86_400,
      sequencingWindowBlocks: 3_600,
      silenceSeconds: 6 * 3_600,
      outputBondGwei: 1_000_000_000,
    },
    timelockDelaySeconds: 14 * 86_400,
    feeScalars: { baseFee: 684_000, blobBaseFee: 0 },
    clock: { firstEpoch: day, start: day * 86_400, epochSeconds: 86_400 },
    networks: [
      {
        name: 'BTC',
        unit: '1 PH/s',
        unitWork: '86400000000000000000',
        firstDay: day,
        disputeSeconds: 6 * 3_600,
        faultTolerance: 1,
        signers: [0, 1, 2, 3].map((number) => placeholder(`oracle${number}`)),
        source: 'node',
        indices: [{ name: 'BTC-90', tick: '1000000000', caps: ['60000000000000', '40000000000000'] }],
      },
    ],
    urls: { l1: 'https://l1.example.org', l2: 'https://rpc.example.org', api: 'https://api.example.org' },
  }
  return JSON.stringify(example, null, 2)
}

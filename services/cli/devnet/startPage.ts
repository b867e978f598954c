import pc from 'picocolors'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import { dayToDate } from '../../../oracle/block.ts'
import type { StateFolder } from './profile.ts'
import type { Devnet } from './start.ts'

export type StartPage = { text: string; fields: Record<string, unknown> }

const testAccounts = ['user', 'miner', 'buyer', 'lp', 'pool'] as const

/** What a newcomer needs in front of him: where everything is, who he can be, what to try. */
export function startPage(
  { manifest, profile, keys, firstDay, replica }: Devnet,
  folder: StateFolder,
): StartPage {
  const { l1, l2, services, tokens, networks } = manifest
  const accounts = Object.fromEntries(testAccounts.map((role) => [role, keys[role].address]))
  const rows = (entries: Record<string, string | undefined>) =>
    Object.entries(entries).map(([name, value]) => `  ${name.padEnd(22)} ${value ?? pc.dim('none')}`)
  const blocks = networks[0]?.source === 'replay' ? 'recorded Bitcoin blocks' : 'simulated Bitcoin blocks'
  const isProven = profile.class === 'proven'
  const text = [
    '',
    pc.bold(pc.green('Hashsand is up')),
    ...rows({
      [`L1 (chain ${l1.chainId})`]: l1.rpcUrl,
      [`L2 (chain ${l2.chainId})`]: l2.rpcUrl,
      api: services.api === undefined ? undefined : `${services.api}/v1/status`,
      sequencer: services.sequencer,
      relayer: services.relayer,
      ...(services.watcher === undefined ? {} : { watcher: services.watcher }),
      ...(replica === undefined ? {} : { "replica's L2": replica.l2RpcUrl }),
    }),
    '',
    pc.bold('Contracts'),
    ...rows({
      RewardIndex: hashsandPredeploys.RewardIndex,
      ...(isProven ? { BitcoinRelay: hashsandPredeploys.BitcoinRelay } : {}),
      Ledger: hashsandPredeploys.Ledger,
      ...Object.fromEntries(tokens.map(({ symbol, l1, l2 }) => [symbol, `${l1} on L1, ${l2} on L2`])),
      OptimismPortal: l1.contracts.OptimismPortal,
      PayoutForwarderFactory: l1.payoutForwarderFactory,
      DepositWithGas: l1.depositWithGas,
      'Uniswap v3 factory': l2.contracts?.UniswapV3Factory,
      'network manifest': folder.manifest,
      ...(replica === undefined ? {} : { 'network folder': folder.network }),
    }),
    '',
    `${pc.bold('Test accounts')} ${pc.dim('with ether on both chains; keys: hashsand keys list --private')}`,
    ...rows(accounts),
    '',
    `${pc.bold('Clock')}: a day of ${blocks} lasts ${profile.epochSeconds} s, from ${dayToDate(firstDay)} on, and is ${isProven ? 'proven from them' : 'attested by a quorum'}.`,
    '',
    pc.bold('Try next, in another terminal'),
    '  npm run demo                                     one satoshi all the way, two minutes',
    '  npm run hashsand -- status --watch               what every service says of itself',
    '  npm run hashsand -- bridge deposit --token ETH --amount 1 --send',
    '  npm run hashsand -- bridge messages              deposits and withdrawals with their states',
    ...(replica === undefined ? [] : [`  npm run hashsand -- replica status --data ${folder.replica}`]),
    '',
    pc.dim('Ctrl-C ends it. What it knows stays in the state folder; npm start goes on from there.'),
  ].join('\n')
  return { text, fields: { up: true, manifest, accounts, ...(replica && { replica: replica.l2RpcUrl }) } }
}

import { zeroAddress, zeroHash } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { openJournal } from '../../services/relayer/journal.ts'
import { openJournalStore } from '../../services/relayer/store.ts'

// Signs one day after the other and tells its parent each, until somebody kills it.

const [folder = ''] = process.argv.slice(2)
const store = await openJournalStore(folder, 'a network')
const journal = openJournal({ store, account: privateKeyToAccount(generatePrivateKey()) })
const domain = { chainId: 901, rewardIndex: zeroAddress, configDigest: zeroHash }
const totals = { lastHeight: 1, work: 1n, subsidy: 1n, fees: 1n, cappedFees: 1n, medianFee: 1n }
const hashes = { lastBlockHash: zeroHash, poolRowsRoot: zeroHash }

for (let day = 18_739; ; day++) {
  await journal.sign({ network: 1, round: 1, day, ...totals, ...hashes }, domain)
  process.send?.(day)
}

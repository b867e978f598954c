import { createConfig } from 'ponder'

const { L1_RPC, PORTAL, DEPOSITED } = process.env

// ponder takes the default export.
export default createConfig({
  chains: { l1: { id: 900, rpc: L1_RPC, disableCache: true } },
  contracts: { Portal: { chain: 'l1', abi: [JSON.parse(DEPOSITED)], address: PORTAL, startBlock: 0 } },
})

import { readNetworkFolder } from '../../../../chain/engine/opstack/networkFolder.ts'
import { startReplica } from '../../../../chain/engine/opstack/replica.ts'
import { buildOpStack } from '../../../../chain/opstack/build.ts'

// A replica in a process of its own, to be killed: `replicaProcess.ts <dir> <network folder> <L1 URL> <cache>`. Says
// where it answers, one JSON object a line. Ends by SIGTERM.

const [dir, network, l1RpcUrl, cacheDir] = process.argv.slice(2)
if (dir === undefined || network === undefined || l1RpcUrl === undefined || cacheDir === undefined)
  throw new Error('usage: replicaProcess.ts <dir> <network folder> <L1 URL> <cache>')
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const replica = await startReplica({
  dir,
  network: await readNetworkFolder(network),
  l1RpcUrl,
  ports: { l2: 0 },
  build: await buildOpStack({ cacheDir, environment: process.env }),
  onEvent: (event) => say({ event }),
})
process.once('SIGTERM', () => replica.stop())
replica.exited.then(({ message }) => say({ exited: message }))
say({ up: { l1RpcUrl, l2RpcUrl: replica.l2RpcUrl, nodeRpcUrl: replica.nodeRpcUrl } })

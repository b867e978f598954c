import { readFileSync } from 'node:fs'
import { privateKeyToAccount } from 'viem/accounts'
import { startOpStackEngine } from '../../../../chain/engine/opstack/engine.ts'
import { reviveConfig } from '../../fixture.ts'

// The engine in a process of its own, to be killed: `engineProcess.ts <dir> <file with its options>`. Says what runs,
// then every event, one JSON object a line. Ends by SIGTERM.

const [dir, file] = process.argv.slice(2)
if (dir === undefined || file === undefined) throw new Error('usage: engineProcess.ts <dir> <file>')
const { config, keys, build, genesisTime } = JSON.parse(readFileSync(file, 'utf8'))
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const engine = await startOpStackEngine({
  dir,
  ports: { l1: 0, l2: 0 },
  config: reviveConfig(config),
  deployer: privateKeyToAccount(keys.deployer),
  keys,
  build,
  genesisTime,
  onEvent: (event) => say({ event }),
})
process.once('SIGTERM', () => engine.stop())
engine.exited.then(({ message }) => say({ exited: message }))
const { l1RpcUrl, l2RpcUrl, nodeRpcUrl, deployment } = engine
say({ up: { l1RpcUrl, l2RpcUrl, nodeRpcUrl, deployment } })

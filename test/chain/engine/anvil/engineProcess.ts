import { readFileSync } from 'node:fs'
import type { Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { startAnvilEngine } from '../../../../chain/engine/anvil/engine.ts'
import { reviveConfig } from '../../fixture.ts'

// The engine in a process of its own, to be killed: `engineProcess.ts <dir> <file with config and key>`.

const [dir, file] = process.argv.slice(2)
if (dir === undefined || file === undefined) throw new Error('usage: engineProcess.ts <dir> <file>')
const { config, key } = JSON.parse(readFileSync(file, 'utf8')) as { config: unknown; key: Hex }
const engine = await startAnvilEngine({
  dir,
  ports: { l1: 0, l2: 0 },
  config: reviveConfig(config),
  deployer: privateKeyToAccount(key),
})
process.stdout.write(`${JSON.stringify({ l1: engine.l1RpcUrl, l2: engine.l2RpcUrl })}\n`)

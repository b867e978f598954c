import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { generatePrivateKey } from 'viem/accounts'
import { OtherDeploymentError } from '../../../../chain/engine/errors.ts'
import { type Setting, startGeth, startNode } from '../../../../chain/engine/opstack/components.ts'
import { startOpStackEngine } from '../../../../chain/engine/opstack/engine.ts'
import {
  JwtFileError,
  L1ChainIdError,
  L1RulesError,
  L1UnreachableError,
  OtherChainError,
  PortTakenError,
  WrongJwtError,
  WrongKeyError,
} from '../../../../chain/engine/opstack/errors.ts'
import { opStackPaths } from '../../../../chain/engine/opstack/paths.ts'
import { freePort } from '../../../../chain/engine/opstack/process.ts'
import type { OpStackBuild } from '../../../../chain/opstack/build.ts'
import { startTestNode, temporaryFolder } from '../../fixture.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip, config, deployer, keys, pidsOf } from './fixture.ts'

// What stops a start: one line that says what to do, and nothing half-started stays behind.
describe('engine op-stack refuses', function () {
  this.timeout(120_000)
  let build: OpStackBuild
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  const start = (overrides = {}) =>
    startOpStackEngine({ dir, ports: { l1: 0, l2: 0 }, config, deployer, keys, build, ...overrides })

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    build = await buildOrSkip(this)
    folder = await temporaryFolder()
    dir = join(folder.dir, 'engine')
  })
  after(() => folder?.remove())
  afterEach(() => {
    const left = ['L1', 'geth', 'op-node', 'op-batcher', 'op-proposer'].flatMap((name) => pidsOf(dir, name))
    assert.deepEqual(left, [])
  })

  it('keys of somebody else', async () => {
    const other = { ...keys, batcher: generatePrivateKey() }
    await assert.rejects(start({ keys: other }), (error) => {
      assert.ok(error instanceof WrongKeyError)
      assert.equal(error.role, 'batcher')
      assert.ok(!error.message.includes(other.batcher))
      return true
    })
  })

  it('a port in use', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    try {
      for (const ports of [
        { l1: port, l2: 0 },
        { l1: 0, l2: port },
        { l1: 0, l2: 0, node: port },
        { l1: 0, l2: 0, l2Engine: port },
      ]) {
        await assert.rejects(start({ ports }), (error) => {
          assert.ok(error instanceof PortTakenError)
          assert.equal(error.port, port)
          return true
        })
      }
    } finally {
      server.close()
    }
  })

  it('an L1 that is not there, is another one, or follows other rules', async () => {
    const nowhere = `http://127.0.0.1:${await freePort('a test')}`
    await assert.rejects(start({ l1: { rpcUrl: nowhere, rules: 'osaka' } }), L1UnreachableError)

    const other = await startTestNode(905, ['--hardfork', 'osaka'])
    await assert
      .rejects(start({ l1: { rpcUrl: other.rpcUrl, rules: 'osaka' } }), (error) => {
        assert.ok(error instanceof L1ChainIdError)
        assert.deepEqual([error.given, error.expected], [905, 900])
        return true
      })
      .finally(() => other.stop())

    const hardforks = { shanghai: 'osaka', cancun: 'osaka', osaka: 'cancun' }
    for (const [hardfork, rules] of Object.entries(hardforks)) {
      const node = await startTestNode(900, ['--hardfork', hardfork])
      await assert
        .rejects(start({ l1: { rpcUrl: node.rpcUrl, rules } }), L1RulesError)
        .finally(() => node.stop())
    }
  })

  it('a broken JWT file, and one that op-geth does not know', async () => {
    const { jwt } = opStackPaths(dir)
    mkdirSync(join(dir, 'l2'), { recursive: true })
    writeFileSync(jwt, 'not a secret')
    await assert.rejects(start(), JwtFileError)

    writeFileSync(jwt, '11'.repeat(32), { mode: 0o600 })
    const l1 = await startTestNode(900, ['--hardfork', 'osaka'])
    const engine = await start({ l1: { rpcUrl: l1.rpcUrl, rules: 'osaka' }, onProgress: () => {} }).finally(
      () => l1.stop(),
    )
    await engine.stop()
    const setting = await settingOf(engine.deployment.l2.genesisHash)
    const geth = await startGeth(setting)
    try {
      writeFileSync(jwt, '22'.repeat(32))
      await assert.rejects(startNode(setting, false), WrongJwtError)
    } finally {
      await geth.stop()
    }
  })

  it('a folder of another chain, or of other parameters', async () => {
    const { deployment } = opStackPaths(dir)
    const l1 = await startTestNode(900, ['--hardfork', 'osaka'])
    const external = { l1: { rpcUrl: l1.rpcUrl, rules: 'osaka' } }
    try {
      await assert.rejects(
        start({ ...external, config: { ...config, timelockDelaySeconds: 61 } }),
        OtherDeploymentError,
      )
      const other = readFileSync(deployment, 'utf8').replace(
        /("l2": \{\s*"genesisHash": ")0x[0-9a-f]{64}/,
        `$10x${'ab'.repeat(32)}`,
      )
      writeFileSync(deployment, other)
      await assert.rejects(start(external), OtherChainError)
    } finally {
      await l1.stop()
    }
  })

  async function settingOf(genesisHash: Setting['l2']['genesisHash']): Promise<Setting> {
    const [l2, l2Engine, node] = await Promise.all([freePort('L2'), freePort('engine'), freePort('op-node')])
    return {
      paths: opStackPaths(dir),
      binaries: build.binaries,
      l1: { rpcUrl: 'http://127.0.0.1:1', kind: 'basic', blockTimeSeconds: 2, isKnown: false },
      l2: { chainId: 901, genesisHash, sequencingWindowBlocks: 12 },
      ports: { l2, l2Engine, node },
      keys,
      outputProposer: deployer.address,
    }
  }
})

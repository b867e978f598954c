import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicClient, custom, http, parseEther, parseGwei, toHex } from 'viem'
import { anvil } from '../../../chain/engine/anvil/rpc.ts'
import { L1ChainIdError, L1RulesError, L1UnreachableError } from '../../../chain/engine/opstack/errors.ts'
import { freePort } from '../../../chain/engine/opstack/process.ts'
import {
  DeployerFundsError,
  DeployerRoleError,
  NetworkFolderTakenError,
  OtherRolesError,
} from '../../../services/cli/deploy/errors.ts'
import { readJournal } from '../../../services/cli/deploy/journal.ts'
import { type L1SideParameters, planL1, sendL1 } from '../../../services/cli/deploy/l1Side.ts'
import { openOutboxStore } from '../../../services/runtime/store.ts'
import { account, startTestNode, type TestNode, temporaryFolder } from '../../chain/fixture.ts'
import { parametersOf, startForeignL1, testRoles } from './deployFixture.ts'

const chainId = 31_341
const rules = 'prague'

describe('deployment on an L1 of others', function () {
  this.timeout(60_000)
  let node: TestNode
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const deployer = account()
  const rolesText = testRoles(chainId, rules)
  const client = () => createPublicClient({ transport: http(node.rpcUrl), cacheTime: 0 })
  const nonce = (address = deployer.address) => client().getTransactionCount({ address })
  const setup = (changes = {}) =>
    parametersOf({ dir: folder.dir, rpcUrl: node.rpcUrl, rolesText, deployer, ...changes })

  before(async () => {
    node = await startForeignL1(chainId, rules, [deployer])
    folder = await temporaryFolder()
  })
  after(async () => {
    await node?.stop()
    await folder?.remove()
  })

  it('names what the deployer lacks before anything is sent or written', async () => {
    const poor = account()
    const { parameters } = setup({ deployer: poor })
    await anvil(client(), 'anvil_setBalance', [poor.address, toHex(parseGwei('1000'))])
    await assert.rejects(sendL1(parameters), (error) => {
      assert.ok(error instanceof DeployerFundsError)
      assert.equal(error.balanceWei, parseGwei('1000'))
      assert.ok(error.neededWei > parseEther('0.01'))
      assert.match(error.message, /are missing/)
      return true
    })
    assert.equal(await nonce(poor.address), 0)
    assert.deepEqual(readdirSync(folder.dir), [])
  })

  it('refuses an L1 that is away, another one or of other rules, and a deployer with a second role', async () => {
    const nowhere = `http://127.0.0.1:${await freePort('a test')}`
    await assert.rejects(planL1(setup({ rpcUrl: nowhere }).parameters), L1UnreachableError)
    await assert.rejects(
      planL1(setup({ rolesText: testRoles(5, rules) }).parameters),
      (error) => error instanceof L1ChainIdError && error.given === chainId && error.expected === 5,
    )
    await assert.rejects(planL1(setup({ rolesText: testRoles(chainId, 'cancun') }).parameters), L1RulesError)
    const second = testRoles(chainId, rules, (roles) =>
      Object.assign(Object(roles.roles), { guardian: deployer.address }),
    )
    await assert.rejects(
      planL1(setup({ rolesText: second }).parameters),
      (error) => error instanceof DeployerRoleError && error.role === 'guardian',
    )
    assert.deepEqual(readdirSync(folder.dir), [])
  })

  it('rehearses first, and sends just what it said, cut off before and after every single transaction', async () => {
    const head = await client().getBlockNumber()
    const planned = setup()
    await planL1(planned.parameters)
    assert.equal(await nonce(), 0)
    assert.equal(await client().getBlockNumber(), head)
    assert.deepEqual(readdirSync(folder.dir), [])
    const plan = Object(planned.results[0]).plan

    let runs = 0
    let sent: Awaited<ReturnType<typeof sendL1>> | undefined
    for (; sent === undefined; runs++) {
      assert.ok(runs < 200, 'gets no further')
      sent = await cutOff(setup().parameters, runs % 2 === 0 ? 'before' : 'after')
    }

    // Every one of them was the last thing that one run did, and no run did anything twice.
    const count = plan.transactions.length
    assert.ok(runs > count, `${runs} runs`)
    assert.equal(await nonce(), count)
    assert.deepEqual(sent.l1.contracts, plan.contracts)
    const store = await openOutboxStore(planned.parameters.folder.outbox('l1'))
    const entries = (await store.entries()).sort((a, b) => a.nonce - b.nonce)
    await store.close()
    assert.deepEqual(
      entries.map(({ key }) => key),
      plan.transactions.map(({ step }: { step: string }) => step),
    )
    let used = 0n
    for (const { settled } of entries) {
      assert.ok(settled !== undefined)
      used += (await client().getTransactionReceipt({ hash: settled.hash })).gasUsed
    }
    assert.ok(used * 5n > plan.gas * 4n && used * 5n < plan.gas * 6n, `${used} of ${plan.gas}`)
  })

  it('only asserts where all is done, and sees when an assertion holds no more', async () => {
    const again = setup()
    const { sent, l1 } = await sendL1(again.parameters)
    assert.equal(sent, 0)
    assert.deepEqual(again.results, [])

    const { ProxyAdmin } = l1.contracts
    const code = await client().getCode({ address: ProxyAdmin })
    await anvil(client(), 'anvil_setCode', [ProxyAdmin, '0x00'])
    await assert.rejects(sendL1(setup().parameters))
    await anvil(client(), 'anvil_setCode', [ProxyAdmin, String(code)])
  })

  it('shows in a dry run what is done', async () => {
    const { parameters, results } = setup()
    await planL1(parameters)
    const { plan } = Object(results[0])
    assert.equal(plan.done, plan.transactions.length)
    assert.equal(plan.gas, 0n)
  })

  it('refuses other decisions and another deployer in the same folder, naming the difference', async () => {
    const { parameters } = setup({
      rolesText: testRoles(chainId, rules, (roles) => Object.assign(roles, { timelockDelaySeconds: 61 })),
    })
    for (const run of [planL1, sendL1]) {
      await assert.rejects(run(parameters), (error) => {
        assert.ok(error instanceof OtherRolesError)
        assert.deepEqual(error.differences, ['timelockDelaySeconds is 61, was 60'])
        return true
      })
    }
    const { parameters: stranger } = setup({ deployer: account() })
    await assert.rejects(sendL1(stranger), OtherRolesError)
    const elsewhere = testRoles(chainId, rules, (roles) => {
      roles.urls = { l1: 'http://127.0.0.1:3', l2: 'http://127.0.0.1:4' }
    })
    assert.equal((await sendL1(setup({ rolesText: elsewhere }).parameters)).sent, 0)
  })

  it('does not take another chain with the same id for the one that it began on', async () => {
    const other = await startForeignL1(chainId, rules, [deployer])
    try {
      await assert.rejects(sendL1(setup({ rpcUrl: other.rpcUrl }).parameters), /belongs to/)
    } finally {
      await other.stop()
    }
    assert.ok((await readJournal(setup().parameters.folder)) !== undefined)
  })

  it('refuses a network folder of another deployment before anything is sent', async () => {
    const dir = `${folder.dir}/taken`
    const { parameters } = setup({ dir, deployer: account() })
    mkdirSync(parameters.folder.network, { recursive: true })
    writeFileSync(join(parameters.folder.network, '901.json'), '{}')
    for (const run of [planL1, sendL1]) await assert.rejects(run(parameters), NetworkFolderTakenError)
    assert.deepEqual(readdirSync(dir), ['network'])
  })

  it('wants what every public L1 has', async () => {
    const bare = await startTestNode(chainId, ['--hardfork', rules])
    try {
      const dir = `${folder.dir}/bare`
      const { parameters } = setup({ rpcUrl: bare.rpcUrl, dir })
      await assert.rejects(planL1(parameters), /has no MultiCall3/)
      assert.ok(!existsSync(dir))
    } finally {
      await bare.stop()
    }
  })
})

/**
 * Runs until one transaction more is on disk, then nothing leaves the process any more: before it was broadcast, or just after.
 * Answers what a run to the end answers.
 */
async function cutOff(parameters: L1SideParameters, when: 'before' | 'after') {
  const abort = new AbortController()
  const node = http(parameters.l1RpcUrl, { retryCount: 0 })({})
  let isDead = false
  const transport = custom(
    {
      request: async ({ method, params }) => {
        if (isDead) throw new Error('killed')
        if (method !== 'eth_sendRawTransaction') return node.request({ method, params })
        isDead = true
        abort.abort()
        return when === 'after' ? node.request({ method, params }) : undefined
      },
    },
    { retryCount: 0 },
  )
  return sendL1({ ...parameters, transport, signal: abort.signal }).catch((error: unknown) => {
    if (!isDead) throw error
    return undefined
  })
}

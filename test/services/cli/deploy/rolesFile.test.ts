import assert from 'node:assert/strict'
import { RolesFileError } from '../../../../services/cli/deploy/errors.ts'
import { exampleRoles } from '../../../../services/cli/deploy/exampleRoles.ts'
import { configOf, parseRoles } from '../../../../services/cli/deploy/rolesFile.ts'

type Json = ReturnType<typeof JSON.parse>

function problemsOf(change: (roles: Json) => void): readonly string[] {
  const roles = JSON.parse(exampleRoles())
  change(roles)
  try {
    parseRoles(JSON.stringify(roles), 'roles.json')
    return []
  } catch (error) {
    assert.ok(error instanceof RolesFileError)
    assert.ok(!error.message.includes('\n'))
    return error.problems
  }
}

/** The genesis of a relay as an operator writes it down; all else is Bitcoin's own. */
const bitcoin = {
  genesis: {
    hash: `0x${'00'.repeat(8)}${'ab'.repeat(24)}`,
    height: 831_999,
    chainwork: '562949953421312',
    bits: 0x1703_8e4d,
    epochStart: 1_708_000_000,
    times: Array.from({ length: 11 }, (_, at) => 1_708_000_000 + at),
  },
}
const otherAddress = '0x000000000000000000000000000000000000dEaD'

describe('roles file', () => {
  it('has an example that is valid', () => {
    const roles = parseRoles(exampleRoles(), 'example')
    const config = configOf(roles)
    assert.equal(config.bridge.finalizationPeriodSeconds, 604_800)
    assert.equal(config.testL1, undefined)
    assert.equal(config.wbtc, undefined)
    assert.equal(config.networks[0]?.unitWork, 86_400n * 10n ** 15n)
    const holders = Object.values(config.roles)
    assert.equal(new Set(holders).size, holders.length)
  })

  it("lets the BitcoinRelay predeploy prove a network, by Bitcoin's rules", () => {
    const roles = JSON.parse(exampleRoles())
    Object.assign(roles.networks[0], { class: 'proven', bitcoin })
    const [network] = configOf(parseRoles(JSON.stringify(roles), 'example')).networks
    assert.equal(network?.prover, '0x4853000000000000000000000000000000000002')
    const { genesis, ...rules } = network.bitcoin ?? {}
    assert.deepEqual(rules, {
      powLimitBits: 0x1d00_ffff,
      noRetarget: false,
      halvingInterval: 210_000,
      maxSecondsAhead: 7_200,
    })
    assert.equal(genesis?.chainwork, 562_949_953_421_312n)
  })

  it('is read strictly, and every problem named at once', () => {
    const problems = problemsOf((roles) => {
      roles.l1.rules = 'shanghai'
      roles.l2.chainId = -1
      delete roles.roles.guardian
      roles.roles.owner = roles.roles.batcher
      roles.networks[0].unitWork = 10
      roles.timelockDelay = 5
    })
    for (const place of ['l1.rules', 'l2.chainId', 'roles.guardian', 'roles', 'networks.0.unitWork']) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`${place}:`)),
        `${place} in ${problems}`,
      )
    }
    assert.ok(problems.some((problem) => problem.includes('timelockDelay')))
  })

  it('gives no address two roles', () => {
    for (const [first, second] of [
      ['proposer', 'batcher'],
      ['guardian', 'challenger'],
      ['sequencer', 'proposer'],
    ]) {
      const [problem, ...others] = problemsOf((roles) => {
        roles.roles[String(second)] = roles.roles[String(first)]
      })
      assert.match(String(problem), new RegExp(`roles.(${first}|${second})`))
      assert.deepEqual(others, [])
    }
    const signer = problemsOf((roles) => {
      roles.networks[0].signers[2] = roles.roles.batcher
    })
    assert.match(String(signer), /networks\.0\.signers\.2.*roles\.batcher/)
  })

  it('refuses an address with a wrong checksum, and the zero address', () => {
    const wrong = problemsOf((roles) => {
      roles.roles.batcher = roles.roles.batcher.replace(/[a-f]/, (letter: string) => letter.toUpperCase())
    })
    assert.match(String(wrong), /roles\.batcher: not an address/)
    const zero = problemsOf((roles) => {
      roles.roles.batcher = `0x${'00'.repeat(20)}`
    })
    assert.match(String(zero), /roles\.batcher: .*zero/)
  })

  it('refuses fee scalars with which no wallet could tell a fee, and none below', () => {
    const most = { baseFee: 2 ** 28 - 1, blobBaseFee: 2 ** 32 - 1 }
    assert.deepEqual(
      problemsOf((roles) => Object.assign(roles.feeScalars, most)),
      [],
    )
    for (const name of ['baseFee', 'blobBaseFee'] as const) {
      const [problem] = problemsOf((roles) => Object.assign(roles.feeScalars, { [name]: most[name] + 1 }))
      assert.match(String(problem), new RegExp(`^feeScalars.${name}: .*${most[name]}`))
    }
  })

  it('refuses what contracts would refuse only after most of the gas was paid', () => {
    const cases: [RegExp, (roles: Json) => void][] = [
      [
        /finalizationPeriodSeconds/,
        (roles) => Object.assign(roles.bridge, { finalizationPeriodSeconds: 86_400 }),
      ],
      [/4 are needed/, (roles) => roles.networks[0].signers.pop()],
      [
        /names a signer twice/,
        (roles) => Object.assign(roles.networks[0].signers, { 1: roles.networks[0].signers[0] }),
      ],
      [/before the clock's first epoch/, (roles) => Object.assign(roles.networks[0], { firstDay: 1 })],
      [/longer than 32 bytes/, (roles) => Object.assign(roles.networks[0], { name: 'x'.repeat(33) })],
      [/chain id of L1 too/, (roles) => Object.assign(roles.l2, { chainId: 1 })],
      [/more than L1's/, (roles) => Object.assign(roles.l2, { blockTimeSeconds: 13 })],
      [/prover: is missing/, (roles) => Object.assign(roles.networks[0], { class: 'proven' })],
      [/proves nothing that is attested/, (roles) => Object.assign(roles.networks[0], { bitcoin })],
      [
        /name no other/,
        (roles) => Object.assign(roles.networks[0], { class: 'proven', bitcoin, prover: otherAddress }),
      ],
      [
        /more than one Bitcoin chain/,
        (roles) => {
          const proven = { ...roles.networks[0], class: 'proven', bitcoin }
          roles.networks = [proven, proven]
        },
      ],
      [/caps/, (roles) => Object.assign(roles.networks[0].indices[0], { caps: ['0'] })],
    ]
    for (const [expected, change] of cases) assert.match(problemsOf(change).join('; '), expected)
  })

  it('says so when it is no JSON', () => {
    assert.throws(() => parseRoles('{', 'roles.json'), RolesFileError)
  })
})

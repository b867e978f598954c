import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { erc20Abi, parseEther } from 'viem'
import { eventually } from '../support/network.ts'
import { itMeanwhile, sharedNetwork } from '../support/sharedNetwork.ts'
import { thereAndBack } from './example.ts'

const root = join(import.meta.dirname, '..', '..')

describe('example of the bridge', function () {
  this.timeout(600_000)
  sharedNetwork()

  itMeanwhile('does what bridge/README.md says', async (network) => {
    const { manifest, l1, l2, wbtc, newUser, patience } = network
    const user = await newUser({ l1Wbtc: 900n })
    const until = (isSo: () => Promise<boolean>) => eventually(isSo, 'the example', patience.finalSeconds)
    const ether = parseEther('0.1')
    const hashes = await thereAndBack({ manifest, l1, l2, user, amount: 900n, ether, until })
    assert.equal(hashes.length, 3)
    const coins = { abi: erc20Abi, functionName: 'balanceOf', args: [user.address] } as const
    assert.equal(await l1.readContract({ ...coins, address: wbtc.l1 }), 900n)
    assert.equal(await l2.readContract({ ...coins, address: wbtc.l2 }), 0n)
    const left = await l2.getBalance({ address: user.address })
    assert.ok(left > 0n && left < ether, `${left} left`)
  })

  it('is the one in bridge/README.md, to the letter', () => {
    const code = readFileSync(join(root, 'test/network/example.ts'), 'utf8')
    const shown = code.slice(code.indexOf('/** Brings WBTC'))
    const readme = readFileSync(join(root, 'bridge/README.md'), 'utf8')
    assert.ok(readme.includes(`\`\`\`ts\n${shown}\`\`\``))
  })
})

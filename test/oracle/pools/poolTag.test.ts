import assert from 'node:assert/strict'
import { type KnownPool, poolTag } from '../../../oracle/pools/poolTag.ts'
import { needData, recorded } from '../recorded.ts'

describe('poolTag', () => {
  it('finds the longest tag in a script, and none where there is none', () => {
    const pools = [
      { name: 'short', tags: ['/x/'] },
      { name: 'long', tags: ['/x/y', ''] },
    ]
    assert.equal(poolTag(pools, Buffer.from('\x03abc/x/y')), 'long')
    assert.equal(poolTag(pools, Buffer.from('\x03abc/x/z')), 'short')
    assert.equal(poolTag(pools, Buffer.from('\x03abc')), undefined)
  })

  it('knows each pool of the list by its own tags', function () {
    needData(this)
    const pools = JSON.parse(recorded('btc_pools.json').toString()) as KnownPool[]
    const named = pools.flatMap(({ name, tags }) => tags.map((tag) => ({ name, tag })))
    assert.ok(named.length > 150)
    for (const { name, tag } of named) {
      const found = poolTag(pools, Buffer.from(`\x03\x01\x02\x03${tag}\x00`))
      const tags = pools.find((pool) => pool.name === found)?.tags ?? []
      assert.ok(found === name || tags.includes(tag), `${tag}: ${found}, not ${name}`)
    }
  })
})

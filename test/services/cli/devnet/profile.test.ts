import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { firstProfile, refuseOtherChoice, stateFolder } from '../../../../services/cli/devnet/profile.ts'
import { RecordedBlocksNotProvenError, StateFolderError } from '../../../../services/cli/errors.ts'

const present = tmpdir()
const absent = `${present}/nothing here`

describe('profile of a development network', () => {
  const daysOf = (choice: Parameters<typeof firstProfile>[0], data: string) => {
    const profile = firstProfile(choice, data)
    return [profile.class, profile.source]
  }

  it('proves simulated blocks unless it is told otherwise, and attests recorded ones where there are any', () => {
    assert.deepEqual(daysOf({}, present), ['proven', 'simulator'])
    assert.deepEqual(daysOf({ source: 'proven' }, present), ['proven', 'simulator'])
    assert.deepEqual(daysOf({ source: 'attested' }, present), ['attested', 'replay'])
    assert.deepEqual(daysOf({ source: 'attested' }, absent), ['attested', 'simulator'])
    assert.deepEqual(daysOf({ blocks: 'recorded' }, absent), ['attested', 'replay'])
    assert.deepEqual(daysOf({ source: 'attested', blocks: 'simulated' }, present), ['attested', 'simulator'])
  })

  it('does not promise proofs of blocks whose headers nobody kept', () => {
    assert.throws(
      () => firstProfile({ source: 'proven', blocks: 'recorded' }, present),
      RecordedBlocksNotProvenError,
    )
  })

  it('stays what it was made as, and says which option is another', () => {
    const folder = stateFolder('/state')
    const made = firstProfile({ engine: 'anvil', source: 'attested', blocks: 'simulated' }, absent)
    for (const choice of [{}, { engine: 'anvil' }, { source: 'attested' }, { blocks: 'simulated' }] as const)
      refuseOtherChoice(folder, made, choice)
    for (const [choice, named] of [
      [{ engine: 'op-stack' }, /--engine/],
      [{ source: 'proven' }, /--source/],
      [{ blocks: 'recorded' }, /--blocks/],
    ] as const) {
      assert.throws(
        () => refuseOtherChoice(folder, made, choice),
        (error) => error instanceof StateFolderError && named.test(error.message),
      )
    }
  })
})

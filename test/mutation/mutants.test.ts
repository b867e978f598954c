import assert from 'node:assert/strict'
import { linesOf, sample } from './changed.ts'
import { openCompiler } from './compiler.ts'
import { apply, type Mutant, mutantsOf } from './mutants.ts'
import { killerOf } from './workspace.ts'

const file = 'Sample.sol'
// Letters of two bytes before the code: offsets in characters would miss it.
const source = Buffer.from(`// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;
/// ⌈x⌉ → Σ
contract Sample {
    error Odd(uint256 a, uint256 b);
    uint256 public sum;
    function add(uint256 a, uint256 b) external {
        require(a < b, Odd(a, b));
        if (a == 0) return;
        sum += a + 2 * b;
    }
}
`)

describe('mutants', function () {
  this.timeout(60_000)
  let mutants: Mutant[]
  const compiler = openCompiler(new Map([[file, source]]))

  before(() => {
    const tree = compiler.trees([file]).get(file)
    assert.ok(tree)
    mutants = mutantsOf(file, source, tree)
  })

  it('are each another program, but for the place they name', () => {
    for (const mutant of mutants) {
      const lines = source.toString().split('\n')
      const mutated = apply(source, mutant).split('\n')
      const changed = lines.flatMap((line, at) => (line === mutated[at] ? [] : [at + 1]))
      assert.deepEqual(changed, [mutant.line], mutant.id)
    }
  })

  it('have names of their own that no line number is part of', () => {
    assert.equal(new Set(mutants.map(({ id }) => id)).size, mutants.length)
    const lower = Buffer.from(`\n\n${source}`)
    const tree = openCompiler(new Map([[file, lower]]))
      .trees([file])
      .get(file)
    assert.ok(tree)
    assert.deepEqual(
      mutantsOf(file, lower, tree).map(({ id }) => id),
      mutants.map(({ id }) => id),
    )
  })

  it('are of every kind that the text has', () => {
    const made = mutants.map(({ original, replacement }) => `${original} → ${replacement}`)
    for (const expected of [
      '< → <=',
      '< → >=',
      'a < b → !(a < b)',
      'a, b → b, a',
      'require(a < b, Odd(a, b)); → {}',
      'a == 0 → true',
      'a == 0 → false',
      'return; → {}',
      '+= → -=',
      '+ → -',
      '* → /',
      '2 → 3',
      '2 → 1',
      'sum += a + 2 * b; → {}',
    ]) {
      assert.ok(made.includes(expected), `${expected} is missing in ${made.join(' | ')}`)
    }
  })

  it('compile to another code, or are told not to', () => {
    const original = compiler.code([file], undefined, true)
    const removed = mutants.find(({ original: text }) => text.startsWith('sum +='))
    assert.ok(removed)
    assert.notDeepEqual(compiler.code([file], { file, source: apply(source, removed) }, true), original)
    assert.throws(() => compiler.code([file], { file, source: 'contract {' }, true), {
      name: 'NotCompiledError',
    })
  })
})

describe('changed lines', () => {
  it('are read from a diff without context', () => {
    const diff = '+++ b/a/B.sol\n@@ -3 +3 @@ x\n-a\n+b\n@@ -7,2 +7,0 @@\n-c\n-d\n@@ -9,0 +8,2 @@\n+e\n+f\n'
    assert.deepEqual([...(linesOf(diff).get('a/B.sol') ?? [])], [3, 7, 8, 9])
  })

  it('are sampled evenly, and always in the same way', () => {
    const all = Array.from({ length: 100 }, (_, at) => at)
    assert.deepEqual(sample(all, 100), all)
    assert.equal(sample(all, 7).length, 7)
    assert.deepEqual(sample(all, 7), sample(all, 7))
    assert.ok((sample(all, 7).at(-1) ?? 0) > 80)
  })
})

describe('the test that found a mutant', () => {
  it('is read from what forge prints, for a test and for an invariant', () => {
    const unit = `[FAIL: Short(1, 2); counterexample: calldata=0x00 args=[1]] testFuzz_add_isExact(uint256) (runs: 0)
Encountered 1 failing test in test/contracts/A.t.sol:ATest`
    assert.equal(killerOf('m', unit), 'ATest.testFuzz_add_isExact')
    const invariant = `[FAIL: panic: arithmetic underflow or overflow (0x11)]
\t[Sequence] (original: 2, shrunk: 1)
\t\tsender=0x01 addr=[test/contracts/H.sol:H]0x02 calldata=redeem(uint256) args=[18 [1.8e1]]
 invariant_sumIsKept() (runs: 0, calls: 0, reverts: 1)
Encountered 1 failing test in test/contracts/B.t.sol:BInvariants`
    assert.equal(killerOf('m', invariant), 'BInvariants.invariant_sumIsKept')
    assert.throws(() => killerOf('m', 'error: no space left on device'), { name: 'TestsDidNotRunError' })
  })
})

// Loaded by `node --import`: makes a process believe in the machine's time and as many milliseconds more as the file named by
// HASHSAND_TEST_CLOCK says at the moment. Timers and performance.now() go on as they do where somebody sets a clock.

import { readFileSync } from 'node:fs'

const Real = Date
const read = () => Number(readFileSync(process.env.HASHSAND_TEST_CLOCK, 'utf8'))
let offset = read()
setInterval(() => {
  offset = read()
}, 50).unref()
const now = () => Real.now() + offset

globalThis.Date = new Proxy(Real, {
  construct: (target, given, called) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, called),
  apply: () => new Real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
})

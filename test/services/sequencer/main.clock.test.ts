import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Load, startLoad } from '../sequencerLoad.ts'
import { startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

const hourMs = 3_600_000
const restMs = 10_000

describe('the sequencer on a machine whose clock is wrong', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let load: Load
  let folder: string
  let clock: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clock-'))
    clock = join(folder, 'offset')
    await writeFile(clock, `${hourMs}`)
    network = await startTestNetwork({ HASHSAND_TEST_CLOCK: clock })
    load = await startLoad(network)
  })
  after(async () => {
    await network.close()
    await rm(folder, { recursive: true })
  })

  const logged = async () =>
    (await readFile(`${network.dir}/logs/sequencer.log`, 'utf8')).split('\n').flatMap((line) => {
      const time = /"time":"([^"]+)"/.exec(line)?.[1]
      return time === undefined ? [] : [Date.parse(time)]
    })
  /** Whether it has said something at a time that is off by as much. */
  const believes = async (offsetMs: number) =>
    (await logged()).some((time) => Math.abs(time - Date.now() - offsetMs) < hourMs / 4)

  it('F13: brings everything home once, whatever the clock says, jumps to, and however long the process stood still', async () => {
    const offsets = [1, 24, 0, -1].map((hours) => hours * hourMs)
    for (const offset of offsets) {
      await writeFile(clock, `${offset}`)
      await load.send()
      await until(() => believes(offset), `a word at a time that is ${offset} ms off`)
    }
    await load.send()
    network.signalSequencer('SIGSTOP')
    await sleep(restMs)
    network.signalSequencer('SIGCONT')
    await load.send()
    await load.checkEndState(120)
  })
})

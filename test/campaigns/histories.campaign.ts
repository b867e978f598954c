import { type Contracts, startContracts } from '../model/contract.ts'
import { agree, LENGTH, summary } from '../model/histories.ts'

// Every answer and amount of random histories; CI takes 200 of them.

const count = Number(process.env.HASHSAND_HISTORIES ?? 10_000)
const from = Number(process.env.HASHSAND_SEED ?? 1)

describe(`the ledger and its model on ${count} histories of ${LENGTH} operations from seed ${from}`, function () {
  this.timeout(0)
  let contracts: Contracts

  before(async () => {
    contracts = await startContracts()
  })

  after(() => contracts?.stop())

  it('agree in every answer and amount', async () => {
    const began = Date.now()
    const seconds = () => Math.round((Date.now() - began) / 1_000)
    const tally = await agree(contracts, {
      from,
      count,
      progress: (done, soFar) => {
        if (done % 500 === 0) say(`${done} of ${count} after ${seconds()} s, ${summary(soFar)[0]}`)
      },
    })
    for (const line of summary(tally)) say(line)
  })
})

function say(text: string): void {
  process.stdout.write(`      ${text}\n`)
}

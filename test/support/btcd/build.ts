import type { GoProgram } from '../../../chain/opstack/goProgram.ts'
import { buildOrSkip } from '../goProgram.ts'

const btcd: GoProgram = {
  name: 'btcd',
  label: 'btcd',
  folder: import.meta.dirname,
  source: 'github.com/btcsuite/btcd',
}

export const buildBtcdOrSkip = (context: Mocha.Context): Promise<string> => buildOrSkip(btcd, context)

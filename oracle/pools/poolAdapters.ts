import { antpool } from './antpool.ts'
import { braiins } from './braiins.ts'
import { ckpool } from './ckpool.ts'
import { f2poolV1 } from './f2poolV1.ts'
import { f2poolV2 } from './f2poolV2.ts'
import { foundry } from './foundry.ts'
import { luxor } from './luxor.ts'
import { ocean } from './ocean.ts'
import { viabtc } from './viabtc.ts'

export const poolAdapters = { antpool, braiins, ckpool, f2poolV1, f2poolV2, foundry, luxor, ocean, viabtc }

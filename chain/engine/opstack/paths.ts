import { join } from 'node:path'

/** The files of an engine's folder. */
export function opStackPaths(dir: string) {
  return {
    dir,
    deployment: join(dir, 'deployment.json'),
    l1: {
      dir: join(dir, 'l1'),
      dumps: join(dir, 'l1', 'dumps'),
      cache: join(dir, 'l1', 'cache'),
      durable: join(dir, 'l1', 'durable.json'),
      load: join(dir, 'l1', 'load.json'),
    },
    l2Dir: join(dir, 'l2'),
    geth: join(dir, 'l2', 'geth'),
    jwt: join(dir, 'l2', 'jwt.hex'),
    /** These three and the manifest are all that a replica needs. */
    genesis: join(dir, 'l2', 'genesis.json'),
    rollup: join(dir, 'l2', 'rollup.json'),
    l1ChainConfig: join(dir, 'l2', 'l1-chain-config.json'),
    log: (component: string) => join(dir, 'logs', `${component}.log`),
  }
}

export type OpStackPaths = ReturnType<typeof opStackPaths>

/** Those that op-geth and op-node use, whoever runs them. */
export type NodePaths = Pick<OpStackPaths, 'dir' | 'geth' | 'jwt' | 'rollup' | 'l1ChainConfig' | 'log'>

/** The files of a replica's folder. */
export function replicaPaths(dir: string) {
  const network = join(dir, 'network')
  return {
    dir,
    /** A copy of the network folder, and the last thing that a first start makes: with it the replica is whole. */
    network,
    l2Dir: join(dir, 'l2'),
    geth: join(dir, 'l2', 'geth'),
    jwt: join(dir, 'l2', 'jwt.hex'),
    logs: join(dir, 'logs'),
    log: (component: string) => join(dir, 'logs', `${component}.log`),
    /** Where it answers while it runs. */
    running: join(dir, 'running.json'),
  }
}

export type ReplicaPaths = ReturnType<typeof replicaPaths>

import type { OpStackEngine } from '../../../chain/engine/engine.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { type Replica, startReplica } from '../../../chain/engine/opstack/replica.ts'
import { type Manifest, readManifest } from '../../../chain/manifest.ts'
import type { OpStackBuild } from '../../../chain/opstack/build.ts'
import { tellEvent } from '../engineEvents.ts'
import type { Output } from '../output.ts'
import { lockReplica } from '../replica/lock.ts'
import type { Ports, StateFolder } from './profile.ts'

/** Writes what a stranger needs to follow this network. */
export function publish(folder: StateFolder, engine: OpStackEngine, manifest: Manifest): Promise<void> {
  const files = engine.files
  return writeNetworkFolder(folder.network, { manifest: { ...manifest, opStack: engine.opStack }, files })
}

export type OwnReplicaParameters = {
  folder: StateFolder
  ports: Ports
  engine: OpStackEngine
  build: OpStackBuild
  output: Output
}

/** A replica beside the network, made as a stranger would make it: from the published folder and L1 alone. */
export async function startOwnReplica(parameters: OwnReplicaParameters): Promise<Replica> {
  const { folder, ports, engine, build, output } = parameters
  await publish(folder, engine, await readManifest(folder.manifest))
  // `hashsand replica up` on the same folder has to find it in use.
  const release = await lockReplica(folder.replica)
  const replica = await startReplica({
    dir: folder.replica,
    network: await readNetworkFolder(folder.network),
    l1RpcUrl: engine.l1RpcUrl,
    ports: { l2: ports.replicaL2, node: ports.replicaNode, l2Engine: ports.replicaEngine },
    build,
    onEvent: (event) =>
      tellEvent(output, { ...event, component: `replica: ${event.component ?? 'all of it'}` }),
  }).catch(async (error: unknown) => {
    await release()
    throw error
  })
  return { ...replica, stop: () => replica.stop().then(release) }
}

import { join } from 'node:path'
import type { Router } from 'express'
import { z } from 'zod'
import { type CopyStore, writeBackup } from '../runtime/database/backup.ts'
import { operatorRouter, said } from './operatorRouter.ts'

export type Backups = {
  /** Below this folder alone, which is the service's own: whoever reaches the port can't write elsewhere. */
  folder: string
  /** The stores that are open, by name. */
  stores: ReadonlyMap<string, CopyStore>
}

// A name with no dot at its beginning can't leave the folder.
const named = z.strictObject({ name: z.string().regex(/^[\w-][\w.-]{0,63}$/) })

/** Copies of the stores while they are written to. */
export function backupRoutes({ folder, stores }: Backups): Router {
  const routes = operatorRouter()
  routes.post('/v1/backup', (request, response) =>
    said(response, named, request.body, async ({ name }) => {
      const path = join(folder, name)
      await writeBackup(path, stores)
      return { path, stores: [...stores.keys()] }
    }),
  )
  return routes
}

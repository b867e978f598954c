import { open } from 'node:fs/promises'

/** Makes names in a folder, given or taken away, outlast a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

import { z } from 'zod'
import { port } from '../runtime/config.ts'

export const apiConfig = z.object({
  HASHSAND_MANIFEST: z.string().min(1),
  HASHSAND_PORT: port.default(8080),
  HASHSAND_HOST: z.string().default('127.0.0.1'),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
})

#!/usr/bin/env node
// The `hashsand` command for people who have the package installed: main.ts through tsx.
import { register } from 'tsx/esm/api'

register()
await import('./main.ts')

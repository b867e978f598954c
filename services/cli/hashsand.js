#!/usr/bin/env node
// The `hashsand` command for people who have the package installed.
import { start } from '../start.js'

await start('cli', process.argv.slice(2))

import { Command, CommanderError } from 'commander'
import { exitCode } from '../runtime/main.ts'
import { registerBridge } from './commands/bridge.ts'
import { registerDb } from './commands/db.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDeploy } from './commands/deploy.ts'
import { registerDevnet } from './commands/devnet.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerKeys } from './commands/keys.ts'
import { registerMessages } from './commands/messages.ts'
import { registerNonce } from './commands/nonce.ts'
import { registerOperator } from './commands/operator.ts'
import { registerOutputs } from './commands/outputs.ts'
import { registerReplica } from './commands/replica.ts'
import { registerStatus } from './commands/status.ts'
import { addSharedOptions } from './context.ts'
import { reportFailure } from './output.ts'

const program = addSharedOptions(
  new Command('hashsand')
    .description('Mining revenue as tokens, on an OP-Stack Layer 2 of its own')
    .version('0.1.0')
    .showHelpAfterError('Add --help to see what there is.'),
)
registerDevnet(program)
registerDemo(program)
registerDb(program)
registerDoctor(program)
registerStatus(program)
registerReplica(program)
registerBridge(program)
registerMessages(program)
registerNonce(program)
registerOutputs(program)
registerKeys(program)
registerDeploy(program)
registerOperator(program)
exitInsteadOfEnding(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? usageCode(error)
      : reportFailure(error, program.opts<{ json?: boolean }>().json === true)
}
// A failed command may leave handles open; what matters is on disk by now.
if (process.exitCode !== undefined && process.exitCode !== 0) process.exit()

/** Commander ends the process at a wrong option; here it throws, so that one place decides the exit code. */
function exitInsteadOfEnding(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) exitInsteadOfEnding(child)
}

function usageCode(error: CommanderError): number {
  return error.exitCode === 0 ? exitCode.ok : exitCode.usage
}

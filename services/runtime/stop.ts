/**
 * One signal for the whole process: it aborts on SIGINT, on SIGTERM and, for a child of the supervisor, when the
 * supervisor's end of standard input closes, so that no orphan outlives it. A second SIGINT ends the process at once.
 */
export function stopSignal({ withParent = false } = {}): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort()

  process.once('SIGTERM', stop)
  process.once('SIGINT', () => {
    stop()
    process.once('SIGINT', () => process.exit(130))
  })
  if (withParent) {
    process.stdin.resume()
    process.stdin.once('close', stop)
    process.stdin.once('end', stop)
    // An open standard input would keep the process alive when its work is done.
    controller.signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  }
  return controller.signal
}

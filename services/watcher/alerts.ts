import type { Log } from '../runtime/log.ts'

/** A page wants a person, now. An alert is something that this process handles, and a person should know. */
export type Severity = 'alert' | 'page'
export type Notice = { severity: Severity; text: string }
export type Alert = Notice & { name: string; since: string }

export type Alerts = {
  /** Says what is the case under this name now; undefined when nothing is. */
  set(name: string, notice: Notice | undefined): void
  /** The same for all names that begin with `prefix`: those left out are over. */
  replace(prefix: string, notices: ReadonlyMap<string, Notice>): void
  all(): Alert[]
}

/** Logged when it begins and when it ends; what changes in between is told by whoever asks for the status. */
export function createAlerts(log: Log): Alerts {
  const alerts = new Map<string, Alert>()

  function set(name: string, notice: Notice | undefined): void {
    const before = alerts.get(name)
    if (notice === undefined) {
      if (alerts.delete(name)) log.info({ alert: name }, 'watcher.alert.over')
      return
    }
    const since = before?.since ?? new Date().toISOString()
    alerts.set(name, { name, since, ...notice })
    if (before?.severity === notice.severity) return
    log.error({ alert: name, severity: notice.severity, reason: notice.text }, 'watcher.alert')
  }

  return {
    set,
    replace: (prefix, notices) => {
      for (const name of [...alerts.keys()]) {
        if (name.startsWith(prefix) && !notices.has(name)) set(name, undefined)
      }
      for (const [name, notice] of notices) set(name, notice)
    },
    all: () => [...alerts.values()],
  }
}

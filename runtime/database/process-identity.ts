import { readFile, readlink } from "node:fs/promises"
import { hostname } from "node:os"

/** What tells one process from every other, also after its id has been given to a later one. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot; empty where the system does not tell. */
  readonly started: string
  /** What must be equal for `pid` and `started` to mean the same process. */
  readonly machine: string
}

export const identifySelf = async (): Promise<ProcessIdentity> => ({
  pid: process.pid,
  started: (await startTime(process.pid)) ?? "",
  machine: await thisMachine()
})

/** Whether a process of this machine runs now. One that is dead but not yet reaped does not. */
export const isRunning = async ({ pid, started }: ProcessIdentity): Promise<boolean> => {
  const current = await startTime(pid)
  if (current !== undefined) return current === started
  if (started !== "") return false
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Boot and process id namespace (a container has its own) where the system tells them, else the host's name. */
export const thisMachine = async (): Promise<string> => {
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim()
    return `${boot} ${await readlink("/proc/self/ns/pid")}`
  } catch {
    return hostname()
  }
}

/** Fields 3 (state) and 22 (starttime) of /proc/<pid>/stat, proc(5); undefined: no such process or no /proc. */
const startTime = async (pid: number): Promise<string | undefined> => {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "utf8")
    // Field 2, the command's name, stands in parentheses and may hold spaces and parentheses itself.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ")
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19]
  } catch {
    return undefined
  }
}

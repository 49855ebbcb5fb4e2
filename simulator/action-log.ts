import { Effect } from "effect"
import type { AmiMessage } from "../runtime/ami/ami.ts"
import type { Headers } from "./engine.ts"

/** An action as it came, its passwords hidden. */
export interface ReceivedAction {
  readonly action: string
  readonly headers: Headers
  /** The session it came on. */
  readonly session: string
}

/** What clients have asked for, for tests that wait for it. */
export interface ActionLog {
  readonly add: (session: string, message: AmiMessage) => void
  readonly received: (name?: string) => ReadonlyArray<ReceivedAction>
  readonly awaitAction: (name: string, count?: number) => Effect.Effect<ReceivedAction>
}

export const makeActionLog = (): ActionLog => {
  const log: Array<ReceivedAction> = []
  const counts = new Map<string, number>()
  const waiting = new Set<(action: ReceivedAction, count: number) => void>()

  const received = (name?: string) =>
    name === undefined ? log.slice() : log.filter((each) => sameName(each.action, name))

  return {
    add: (session, message) => {
      const action = message.headers.find(([name]) => sameName(name, "Action"))?.[1] ?? ""
      const entry: ReceivedAction = { action, headers: message.headers.map(hidePassword), session }
      log.push(entry)
      if (log.length > KEPT) log.shift()
      const count = (counts.get(action.toLowerCase()) ?? 0) + 1
      counts.set(action.toLowerCase(), count)
      for (const tell of waiting) tell(entry, count)
    },
    received,
    awaitAction: (name, count = 1) =>
      Effect.callback((resume) => {
        const missing = (counts.get(name.toLowerCase()) ?? 0) - count
        const past = missing < 0 ? undefined : received(name).at(-1 - missing)
        if (past !== undefined) return resume(Effect.succeed(past))
        const tell = (action: ReceivedAction, nth: number) => {
          if (!sameName(action.action, name) || nth !== count) return
          waiting.delete(tell)
          resume(Effect.succeed(action))
        }
        waiting.add(tell)
        return Effect.sync(() => waiting.delete(tell))
      })
  }
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const hidePassword = ([name, value]: readonly [string, string]): readonly [string, string] =>
  /^(?:secret|key)$/i.test(name) ? [name, "***"] : [name, value]

const KEPT = 100_000

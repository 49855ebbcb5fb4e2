import { Context, Effect, Layer, type Scope } from "effect"
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate"

/**
 * The three messages of Stately's inspection protocol (@statelyai/inspect 0.7). Receivers attach to them
 * unchanged.
 */
export type InspectionMessage = {
  readonly type: "@xstate.actor" | "@xstate.event" | "@xstate.snapshot"
  readonly sessionId: string
  readonly rootId: string
  /** Milliseconds since the epoch, as text. */
  readonly createdAt: string
  readonly _version: string
  readonly id: null
  readonly [key: string]: unknown
}

/**
 * Who watches the actors. Costs nothing while nobody does. Secrets are gone from every message.
 */
export class Inspector extends Context.Service<
  Inspector,
  {
    readonly watched: () => boolean
    readonly send: (message: InspectionMessage) => void
    readonly watch: (
      listener: (message: InspectionMessage) => void
    ) => Effect.Effect<void, never, Scope.Scope>
  }
>()("strowger/runtime/actor/Inspector") {
  static readonly layer = Layer.sync(Inspector, () => {
    const listeners = new Set<(message: InspectionMessage) => void>()
    return {
      watched: () => listeners.size > 0,
      send: (message) => {
        for (const listener of listeners) listener(message)
      },
      watch: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            listeners.add(listener)
          }),
          () => Effect.sync(() => listeners.delete(listener))
        )
    }
  })
}

const version = "0.7.2"

const envelope = (sessionId: string, at: number) => ({
  sessionId,
  rootId: sessionId,
  createdAt: String(at),
  _version: version,
  id: null
})

/** The actor appeared: its machine's definition and where it stands. */
export const actorMessage = (
  sessionId: string,
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  at: number
): InspectionMessage => ({
  ...envelope(sessionId, at),
  type: "@xstate.actor",
  name: sessionId,
  definition: definitionText(machine),
  snapshot: inspected(snapshot)
})

const definitionTexts = new WeakMap<AnyStateMachine, string>()

const definitionText = (machine: AnyStateMachine): string => {
  const text = definitionTexts.get(machine) ?? JSON.stringify(machine.definition)
  definitionTexts.set(machine, text)
  return text
}

/** The actor was given an event. */
export const eventMessage = (sessionId: string, event: EventObject, at: number): InspectionMessage => ({
  ...envelope(sessionId, at),
  type: "@xstate.event",
  event: redact(event),
  sourceId: null
})

/** Where the event took the actor. */
export const snapshotMessage = (
  sessionId: string,
  event: EventObject,
  snapshot: AnyMachineSnapshot,
  at: number
): InspectionMessage => ({
  ...envelope(sessionId, at),
  type: "@xstate.snapshot",
  event: redact(event),
  snapshot: inspected(snapshot)
})

const inspected = (snapshot: AnyMachineSnapshot) => ({
  status: snapshot.status,
  value: snapshot.value,
  context: redact(snapshot.context),
  children: {},
  tags: [...snapshot.tags]
})

const secretName =
  /pass(word|wd|phrase)?|secret|token|credential|authorization|cookie|api_?key|private_?key|^key$|ha1|jwt|^pin$|pin_?code|(^|_)otp/i

/**
 * A copy of a value without secrets: `"***"` stands for whatever has a secret's name, as a key, as a header pair
 * (`["Secret", "…"]`) or as a named value (`{ name: "password", value: "…" }`), and for credentials inside texts.
 */
export const redact = (value: unknown): unknown => {
  if (typeof value === "string") return redactText(value)
  if (Array.isArray(value)) return isSecretPair(value) ? [value[0], "***"] : value.map(redact)
  if (typeof value !== "object" || value === null) return value
  const isNamedSecret = "value" in value && "name" in value && isSecretName(value.name)
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      (secretName.test(key) || (isNamedSecret && key === "value")) && mayBeSecret(entry)
        ? "***"
        : redact(entry)
    ])
  )
}

/** A text without the credentials of URLs and without what follows the name of a secret. */
export const redactText = (text: string): string =>
  text
    .replace(/\/\/[^/\s@]+@/g, "//***@")
    .replace(/\b(bearer|basic|digest)\s+[^\s,;"']+/gi, "$1 ***")
    .replace(
      /((?:pass|secret|token|credential|authorization|cookie|api_?key|private_?key)\w*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;]+)/gi,
      "$1***"
    )

const isSecretName = (name: unknown): boolean => typeof name === "string" && secretName.test(name)

const isSecretPair = (pair: ReadonlyArray<unknown>): boolean =>
  pair.length === 2 && typeof pair[0] === "string" && secretName.test(pair[0]) && mayBeSecret(pair[1])

/** Flags like `hasPassword` tell nothing. */
const mayBeSecret = (value: unknown): boolean =>
  value !== null && value !== undefined && typeof value !== "boolean"

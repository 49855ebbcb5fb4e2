import { Effect } from "effect"
import type { Asker, Guard } from "./destination.ts"
import { call } from "./http-call.ts"
import { BadRequest, buildRequest } from "./http-request.ts"
import { type Outcome, permanent } from "./outcome.ts"
import { signature } from "./signature.ts"
import { TemplateError } from "./template/values.ts"

/** One attempt of an http hook. */
export interface HttpAttempt {
  /** The hook's uuid: the same on every attempt. */
  readonly uuid: string
  readonly eventName: string
  /** The envelope of the event. */
  readonly event: string
  readonly config: Readonly<Record<string, string>>
  readonly attempt: number
  /** Plain, newest first. */
  readonly secrets: ReadonlyArray<string>
  readonly asker: Asker
}

/** Calls the URL of a hook (contracts/webhooks.md 7 and 15.1). Whatever goes wrong is in the outcome. */
export const runHttpHook = (attempt: HttpAttempt, guard: Guard): Effect.Effect<Outcome> =>
  Effect.promise(async (signal) => {
    try {
      const request = buildRequest(attempt.config, JSON.parse(attempt.event))
      return await call(
        { ...request, headers: { ...request.headers, ...deliveryHeaders(attempt, request.body) } },
        { guard, asker: attempt.asker, verifyCertificate: attempt.config["verify_certificate"], signal }
      )
    } catch (error) {
      if (error instanceof BadRequest || error instanceof TemplateError) return permanent(error.message)
      throw error
    }
  })

const deliveryHeaders = ({ uuid, eventName, attempt, secrets }: HttpAttempt, body: Buffer) => {
  const timestamp = Math.floor(Date.now() / 1000)
  const signed = signature({ id: uuid, timestamp, body }, secrets)
  return {
    "User-Agent": "Strowger-Webhooks/0.1.0",
    "webhook-id": uuid,
    "webhook-timestamp": String(timestamp),
    ...(signed === "" ? {} : { "webhook-signature": signed }),
    "x-strowger-attempt": String(attempt),
    "x-strowger-event": headerText(eventName)
  }
}

/** Names of events are any text; a header takes less. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?")

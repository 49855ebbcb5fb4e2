import { Effect } from "effect"
import { AppConfig } from "../../runtime/config.ts"
import { defaultPolicy } from "../../schemas/webhookd/policy.ts"
import type { HookService } from "./hook-service.ts"
import type { AttemptRecord, ClaimedHook } from "./hook-store.ts"
import { failed, type Outcome, permanent } from "./outcome.ts"
import { attemptsInAll, retryDelay } from "./retry.ts"
import { Sealing } from "./sealing.ts"
import { type SignatureKind, signature } from "./signature.ts"

/** The longest that one attempt may take, its redirects included. */
const attemptLimit = "1 minute"

/** Makes one attempt of a hook, from its config to its record. */
export const makeAttempt = Effect.gen(function* () {
  const config = yield* AppConfig
  const { open } = yield* Sealing
  const defaults = { maxAttempts: config.hookMaxAttempts, factor: config.hookRetryFactor }
  return Effect.fnUntraced(function* (hook: ClaimedHook, service: HookService) {
    const startedAt = new Date()
    const policy = { ...defaultPolicy, ...hook.policy }
    const secrets = hook.secrets.flatMap((sealed) => open(sealed) ?? [])
    const outcome = yield* run(hook, service, policy.headers, secrets, policy.signature)
    if (outcome.class === "postponed") {
      return { type: "postponed", hook, seconds: outcome.retryAfter ?? 1 } as const
    }
    const number = hook.attempts + 1
    const delay = hook.redelivery ? undefined : retryDelay(policy, defaults, number, outcome, Math.random())
    const record: AttemptRecord = {
      uuid: hook.uuid,
      attempt: number,
      maxAttempts: attemptsInAll(policy, defaults),
      status: outcome.class === "success" ? "success" : delay === undefined ? "error" : "failure",
      startedAt,
      endedAt: new Date(),
      detail: outcome.detail,
      statusCode: outcome.statusCode,
      error: outcome.error,
      delay,
      disable: disableReason(outcome, config.hookGoneDisables)
    }
    return { type: "attempted", hook, record } as const
  })
})

const disableReason = ({ wish, statusCode }: Outcome, goneDisables: boolean): string | undefined => {
  if (wish === "disable") return "the receiver asked for it"
  return goneDisables && statusCode === 410 ? "the receiver is gone" : undefined
}

/** What a service throws is a failed attempt; so is one that takes too long. */
const run = (
  hook: ClaimedHook,
  service: HookService,
  headers: Readonly<Record<string, string>>,
  secrets: ReadonlyArray<string>,
  kind: SignatureKind
): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const event: Readonly<Record<string, unknown>> = JSON.parse(hook.event)
    return Effect.tryPromise((signal) =>
      service.run({
        uuid: hook.uuid,
        number: hook.attempts + 1,
        eventName: hook.event_name,
        event,
        config: hook.config,
        subscription: {
          uuid: hook.subscription_uuid,
          name: hook.subscription_name,
          tenantUuid: hook.owner_tenant_uuid,
          ownerUserUuid: hook.owner_user_uuid,
          eventsUserUuid: hook.events_user_uuid
        },
        headers,
        sign: (body) => signatureHeaders(hook.uuid, body, secrets, kind),
        signal
      })
    )
  }).pipe(
    Effect.timeoutOrElse({
      duration: attemptLimit,
      orElse: () => Effect.succeed(failed("the attempt took longer than a minute"))
    }),
    Effect.catchTag("UnknownError", ({ cause }) =>
      Effect.as(
        Effect.logError(`The service ${service.name} could not run the hook ${hook.uuid}: ${placeOf(cause)}`),
        failed("the service failed")
      )
    ),
    Effect.catchDefect((defect) =>
      Effect.as(
        Effect.logError(`The hook ${hook.uuid} could not be run`, defect),
        permanent("the hook could not be run")
      )
    )
  )

/** What broke and where, without the message: it may quote what is secret. */
const placeOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}${/\n {4}at .*/.exec(error.stack ?? "")?.[0] ?? ""}` : "unknown"

const signatureHeaders = (
  id: string,
  body: Buffer,
  secrets: ReadonlyArray<string>,
  kind: SignatureKind
): Readonly<Record<string, string>> => {
  const timestamp = Math.floor(Date.now() / 1000)
  const signed = signature({ id, timestamp, body }, secrets, kind)
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    ...(signed === "" ? {} : { "webhook-signature": signed })
  }
}

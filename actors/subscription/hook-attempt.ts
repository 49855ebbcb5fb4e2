import { Effect } from "effect"
import { AppConfig } from "../../runtime/config.ts"
import { type DeliveryPolicy, defaultPolicy } from "../../schemas/webhookd/policy.ts"
import type { HookService } from "./hook-service.ts"
import type { AttemptRecord, ClaimedHook } from "./hook-store.ts"
import { failed, type Outcome } from "./outcome.ts"
import { attemptsInAll, retryDelay } from "./retry.ts"
import { Sealing } from "./sealing.ts"
import { signature } from "./signature.ts"

/** The longest that one attempt may take, its redirects included. */
const attemptMillis = 60_000

/** What came of a hook that was taken. */
export type Ending = { readonly hook: ClaimedHook; readonly controller: AbortController } & (
  | { readonly type: "attempted"; readonly record: AttemptRecord }
  | { readonly type: "postponed"; readonly seconds: number }
)

/** Makes one attempt of a hook, from its config to its record. Never rejects. */
export type MakeAttempt = (
  hook: ClaimedHook,
  service: HookService,
  controller: AbortController
) => Promise<Ending>

/** Attempts are plain promises: thousands a second need no fiber each. */
export const makeAttempt = Effect.gen(function* () {
  const config = yield* AppConfig
  const { open } = yield* Sealing
  const warn = Effect.runForkWith(yield* Effect.context<never>())
  const defaults = { maxAttempts: config.hookMaxAttempts, factor: config.hookRetryFactor }

  const attempt: MakeAttempt = async (hook, service, controller) => {
    const startedAt = new Date()
    const policy = { ...defaultPolicy, ...hook.policy }
    const secrets = hook.secrets.flatMap((sealed) => open(sealed) ?? [])
    const outcome = await run(hook, service, policy, secrets, controller).catch((error: unknown) => {
      warn(
        Effect.logError(`The service ${service.name} could not run the hook ${hook.uuid}: ${placeOf(error)}`)
      )
      return failed("the service failed")
    })
    if (outcome.class === "postponed") {
      return { type: "postponed", hook, controller, seconds: outcome.retryAfter ?? 1 }
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
    return { type: "attempted", hook, controller, record }
  }
  return attempt
})

const disableReason = ({ wish, statusCode }: Outcome, goneDisables: boolean): string | undefined => {
  if (wish === "disable") return "the receiver asked for it"
  return goneDisables && statusCode === 410 ? "the receiver is gone" : undefined
}

/** Rejects with what the service throws. One that takes too long has failed. */
const run = (
  hook: ClaimedHook,
  service: HookService,
  { headers, signature: kind }: DeliveryPolicy,
  secrets: ReadonlyArray<string>,
  controller: AbortController
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      resolve(failed("the attempt took longer than a minute"))
      controller.abort()
    }, attemptMillis)
    const event: Readonly<Record<string, unknown>> = JSON.parse(hook.event)
    service
      .run({
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
        sign: (body) => {
          const timestamp = Math.floor(Date.now() / 1000)
          const signed = signature({ id: hook.uuid, timestamp, body }, secrets, kind)
          return {
            "webhook-id": hook.uuid,
            "webhook-timestamp": String(timestamp),
            ...(signed === "" ? {} : { "webhook-signature": signed })
          }
        },
        signal: controller.signal
      })
      .then(resolve, reject)
      .finally(() => clearTimeout(limit))
  })

/** What broke and where, without the message: it may quote what is secret. */
const placeOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}${/\n {4}at .*/.exec(error.stack ?? "")?.[0] ?? ""}` : "unknown"

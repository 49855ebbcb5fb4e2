import { Context, Effect, Layer } from "effect"
import { readFile } from "node:fs/promises"
import { AppConfig } from "../../runtime/config.ts"
import { ExternalConfigs } from "../identity/external-configs.ts"
import { ExternalCredentials } from "../identity/external-credentials.ts"
import { type ApnsCredentials, callApns, callFcm, callLegacyFcm, type ServiceAccount } from "./mobile-call.ts"
import {
  apnsRequest,
  customMessage,
  fcmMessage,
  legacyFcmMessage,
  messageOf,
  type PushMessage
} from "./mobile-message.ts"
import type { HookAttempt, HookService } from "./hook-service.ts"
import { type Outcome, permanent } from "./outcome.ts"

type Json = Readonly<Record<string, unknown>>

/** Pushes to the mobile of a user, over APNs or FCM (contracts/webhooks.md 10). */
export class MobilePush extends Context.Service<
  MobilePush,
  {
    /** The service `mobile` of subscriptions. */
    readonly service: HookService
    /** Sends an application's own notification; a user without a mobile gets none. */
    readonly notify: (
      tenantUuid: string,
      userUuid: string,
      notification: {
        readonly type: string
        readonly title: string
        readonly body: string
        readonly extra: Json
      }
    ) => Effect.Effect<Outcome>
  }
>()("strowger/actors/subscription/MobilePush") {
  static readonly layer: Layer.Layer<MobilePush, never, AppConfig | ExternalConfigs | ExternalCredentials> =
    Layer.effect(
      MobilePush,
      Effect.gen(function* () {
        const config = yield* AppConfig
        const ca = config.mobileApnsCa === "" ? undefined : yield* readAuthorities(config.mobileApnsCa)
        const configs = yield* ExternalConfigs
        const credentials = yield* ExternalCredentials
        const send = Effect.fnUntraced(function* (
          tenantUuid: string,
          userUuid: string,
          message: PushMessage
        ) {
          const none = () => Effect.succeed({})
          const tokens = recordOf(
            yield* Effect.catch(credentials.get([tenantUuid], userUuid, "mobile"), none)
          )
          const settings = recordOf(yield* Effect.catch(configs.get(tenantUuid, "mobile"), none))
          return yield* Effect.promise((signal) =>
            (textOf(tokens["apns_token"]) ??
            textOf(tokens["apns_voip_token"]) ??
            textOf(tokens["apns_notification_token"]))
              ? sendApns(config, ca, message, tokens, settings, signal)
              : sendFcm(config, message, tokens, settings, signal)
          )
        })
        const runHook = Effect.fnUntraced(function* ({ subscription, eventName, event }: HookAttempt) {
          const { tenantUuid, eventsUserUuid } = subscription
          if (eventsUserUuid === null) return permanent("the subscription names no user")
          const data = recordOf(event["data"])
          if (eventName === "chatd_user_room_message_created" && data["user_uuid"] === eventsUserUuid) {
            return { class: "success", detail: {} } as const
          }
          const message = messageOf(eventName, data, new Date())
          if (message === undefined) return permanent(`there is no push for ${eventName}`)
          return yield* send(tenantUuid, eventsUserUuid, message)
        })
        const runPromise = Effect.runPromiseWith(yield* Effect.context<never>())
        return {
          service: {
            name: "mobile",
            run: (attempt) => runPromise(runHook(attempt), { signal: attempt.signal })
          },
          notify: (tenantUuid, userUuid, notification) =>
            send(tenantUuid, userUuid, customMessage(notification, new Date()))
        }
      })
    )
}

type Settings = AppConfig["Service"]

const readAuthorities = (file: string) =>
  Effect.tryPromise(() => readFile(file, "utf8")).pipe(
    Effect.catch(() =>
      Effect.as(Effect.logWarning(`STROWGER_MOBILE_APNS_CA: ${file} cannot be read`), undefined)
    )
  )

const sendApns = (
  config: Settings,
  ca: string | undefined,
  message: PushMessage,
  tokens: Json,
  settings: Json,
  signal: AbortSignal
): Promise<Outcome> => {
  const [token, voipToken, notificationToken] = [
    "apns_token",
    "apns_voip_token",
    "apns_notification_token"
  ].map((name) => textOf(tokens[name]))
  const request = apnsRequest(message, {
    ...(token === undefined ? {} : { token }),
    ...(voipToken === undefined ? {} : { voipToken }),
    ...(notificationToken === undefined ? {} : { notificationToken }),
    callTopic: textOf(tokens["apns_call_topic"]) ?? config.mobileApnsCallTopic,
    defaultTopic: textOf(tokens["apns_default_topic"]) ?? config.mobileApnsDefaultTopic
  })
  if (request === undefined) {
    const text = "the mobile gave no token for such a notification"
    return Promise.resolve(permanent(text, { message: text, error_id: "notification-error" }))
  }
  const certificate = textOf(settings["ios_apn_certificate"])
  const privateKey = textOf(settings["ios_apn_private"])
  const credentials: ApnsCredentials = {
    ...(certificate === undefined ? {} : { certificate }),
    ...(privateKey === undefined ? {} : { privateKey }),
    sandbox: settings["use_sandbox"] === true,
    ...(ca === undefined ? {} : { ca })
  }
  return callApns(config.mobileApnsUrl, request, credentials, signal)
}

const sendFcm = (
  config: Settings,
  message: PushMessage,
  tokens: Json,
  settings: Json,
  signal: AbortSignal
): Promise<Outcome> => {
  const token = textOf(tokens["token"])
  if (token === undefined) return Promise.resolve(permanent("the user has no mobile"))
  const account = accountOf(settings["fcm_service_account_info"])
  if (account !== undefined) {
    return callFcm(
      config.mobileFcmUrl,
      account,
      fcmMessage(message, token, config.mobileAndroidChannel),
      signal
    )
  }
  const key = textOf(settings["fcm_api_key"])
  return key === undefined
    ? Promise.resolve(permanent("the tenant has no credentials for FCM"))
    : callLegacyFcm(config.mobileFcmUrl, key, legacyFcmMessage(message, token), signal)
}

/** The service account, given as an object or as the text of its file. */
const accountOf = (given: unknown): ServiceAccount | undefined => {
  const { client_email, private_key, token_uri, project_id } = recordOf(
    typeof given === "string" ? parsed(given) : given
  )
  return typeof client_email === "string" &&
    typeof private_key === "string" &&
    typeof token_uri === "string" &&
    typeof project_id === "string"
    ? { client_email, private_key, token_uri, project_id }
    : undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

const recordOf = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

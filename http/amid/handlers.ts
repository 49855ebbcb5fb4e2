import { Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { AmiActions } from "../../actors/ami-session/actions.ts"
import { Ami, type AmiAction, type AmiAnswer } from "../../runtime/ami/ami.ts"
import { type AmiJson, encodeAction, toJson } from "../../runtime/ami/codec.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { AppConfig } from "../../runtime/config.ts"
import { Verbosity } from "../../runtime/operations/verbosity.ts"
import { actionHeaders, type InvalidParameters } from "../../schemas/amid/action.ts"
import { AmidApi } from "../../schemas/amid/api.ts"
import { incompatibleAction, invalidData, unreachable } from "../../schemas/amid/errors.ts"
import { amidMiddleware } from "./surface.ts"

/** What is wrong with the action itself is told before Asterisk is looked for. */
const run = Effect.fnUntraced(function* (action: AmiAction) {
  const actions = yield* AmiActions
  return yield* Effect.fromResult(encodeAction(action, "check")).pipe(
    Effect.andThen(actions.run(action)),
    Effect.catch((error) =>
      Effect.fail(
        error._tag === "AmiInvalidAction"
          ? invalidParameters({ invalid: error.header || "_schema", reason: error.message })
          : unreachable(actions.where, error.message)
      )
    )
  )
})

const invalidParameters = ({ invalid, reason }: InvalidParameters) =>
  invalidData("Sent data is invalid", {
    [invalid]: { message: reason, constraint_id: "type", constraint: "string" }
  })

const messagesOf = ({ response, events }: AmiAnswer): ReadonlyArray<AmiJson> =>
  [response, ...events].flatMap((message) => {
    const json = toJson(message)
    return json ? [json] : []
  })

/** The body as it came: here an empty array or a null is not the same as no body. */
const readParameters = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const bytes = yield* Effect.orDie(request.arrayBuffer)
  const headers = actionHeaders(new TextDecoder().decode(bytes))
  return "invalid" in headers ? yield* invalidParameters(headers) : headers
})

const actions = HttpApiBuilder.group(
  AmidApi,
  "actions",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<AmiActions>()
    return handlers
      .handle("command", ({ payload }) =>
        Effect.gen(function* () {
          const { response } = yield* run({ action: "Command", headers: [["Command", payload.command]] })
          return { response: response.headers.flatMap(([name, value]) => (name === "Output" ? [value] : [])) }
        }).pipe(Effect.provideContext(services))
      )
      .handle("action", ({ params }) =>
        Effect.gen(function* () {
          const refused = params.action.toLowerCase()
          if (refused === "queues" || refused === "command") return yield* incompatibleAction(params.action)
          return messagesOf(yield* run({ action: params.action, headers: yield* readParameters }))
        }).pipe(Effect.provideContext(services))
      )
  })
)

const health = (ok: boolean) => ({ status: ok ? ("ok" as const) : ("fail" as const) })

const service = HttpApiBuilder.group(
  AmidApi,
  "amid",
  Effect.fnUntraced(function* (handlers) {
    const ami = yield* Ami
    const bus = yield* EventBus
    const config = yield* AppConfig
    const verbosity = yield* Verbosity
    const configuration = () => ({
      debug: verbosity.debug(),
      publish_ami_events: config.amiPublishEvents,
      ami: {
        host: config.amiHost,
        port: config.amiPort,
        username: config.amiUsername,
        password: "***",
        auth_type: config.amiAuthType
      }
    })
    return handlers.handleAll({
      config: () => Effect.sync(configuration),
      patchConfig: ({ payload }) =>
        Effect.sync(() => {
          const last = payload.at(-1)
          if (last) verbosity.setDebug(String(last.value).toLowerCase() === "true")
          return configuration()
        }),
      status: () =>
        Effect.sync(() => ({
          rest_api: health(true),
          ami_socket: health(ami.up()),
          bus_publisher: health(bus.connected()),
          // Services of one process need no token of their own: whoever answers this has it.
          service_token: health(true)
        }))
    })
  })
)

/** The routes of amid. */
export const amidRoutes = HttpApiBuilder.layer(AmidApi, { openapiPath: "/api/amid/1.0/api/api.json" }).pipe(
  Layer.provide([actions, service]),
  Layer.provide(amidMiddleware)
)

import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { PluginAnswer, PluginRequest, RoutePlugin } from "../../actors/identity/plugin.ts"
import { IdentityPlugins } from "../../actors/identity/plugins.ts"
import { Tenants } from "../../actors/identity/tenants.ts"
import { Tokens } from "../../actors/identity/tokens.ts"
import { AppConfig } from "../../runtime/config.ts"
import { fillAccess, resolveCaller, tenantHeader } from "../middleware/authentication.ts"
import { MalformedBody } from "../middleware/surface.ts"
import { httpPluginOf } from "./http-plugins.ts"
import { authSurface, refusedCaller } from "./surface.ts"

type Route = RoutePlugin & { readonly plugin: string }

/**
 * The paths that plugins answer (contracts/auth.md 16), with token, ACL and tenant header checked as everywhere. A
 * plugin that `STROWGER_ENABLED_HTTP_PLUGINS` switches off has none, nor has one a path below those of the runtime or
 * one of a plugin before it.
 */
export const pluginRoutes = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const { enabledHttpPlugins } = yield* AppConfig
    const { routes } = yield* IdentityPlugins
    const services = yield* Effect.context<Tokens | Tenants>()
    const taken = new Set(authSurface.operations.map(({ method, path }) => shapeOf(method, path)))
    for (const route of routes.filter(({ plugin }) => enabledHttpPlugins[plugin] !== false)) {
      const shape = shapeOf(route.method, route.path)
      if (taken.has(shape) || httpPluginOf(route.path) !== undefined || !usable.test(route.path)) {
        yield* Effect.logWarning(
          `The plugin ${route.plugin} cannot have the path ${route.method} ${route.path}: it is left out`
        )
        continue
      }
      taken.add(shape)
      const path: `/${string}` = `${authSurface.prefix as `/${string}`}${route.path}`
      yield* router.add(route.method, path, Effect.provideContext(answer(route), services))
    }
  })
)

/** Names in a path do not tell two of them apart. */
const shapeOf = (method: string, path: string): string =>
  `${method} ${path.replace(authSurface.prefix, "").replace(/:[^/]+/g, ":")}`

/** Words and `:names` between slashes: nothing that the router has a meaning of its own for. */
const usable = /^(\/(:[a-z_]+|[\w.-]+))+$/i

const answer = Effect.fnUntraced(function* (route: Route) {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { params } = yield* HttpRouter.RouteContext
  const checked = yield* Effect.result(callerOf(route, request, params))
  if (checked._tag === "Failure") {
    return HttpServerResponse.jsonUnsafe(refusedCaller(checked.failure), { status: 401 })
  }
  const text = yield* request.text
  const told: PluginRequest = {
    path: params,
    query: new URLSearchParams(request.url.split("?").slice(1).join("?")),
    body: yield* parsed(text || "{}"),
    caller: checked.success
  }
  const { status, headers, body } = yield* ask(route, told)
  return body === undefined
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.jsonUnsafe(body, { status, headers })
})

/** Uploads come as they are sent; a plugin is given JSON alone. */
const parsed = (text: string): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(JSON.parse(text))
    } catch {
      return Effect.die(new MalformedBody({ message: "The request body is not valid JSON" }))
    }
  })

const callerOf = Effect.fnUntraced(function* (
  { access }: Route,
  { headers }: HttpServerRequest.HttpServerRequest,
  params: Readonly<Record<string, string | undefined>>
) {
  if (access === undefined) return undefined
  const { tokenId, userUuid, tenantUuid } = yield* resolveCaller({
    tokenId: headers["x-auth-token"] ?? "",
    requiredAccess: fillAccess(access, params),
    tenantHeader: tenantHeader(headers)
  })
  return { token: tokenId, userUuid, tenantUuid }
})

/** An answer whose status and headers can be sent; throws where they cannot. */
const sendable = (answer: PluginAnswer) => {
  const { status, headers } = new Response(null, {
    status: answer.status ?? (answer.body === undefined ? 204 : 200),
    headers: { ...answer.headers }
  })
  return { status, headers: Object.fromEntries(headers), body: answer.body }
}

/** What goes wrong in a plugin is its name and no more: the request may hold secrets. */
const ask = ({ plugin, method, path, handle }: Route, request: PluginRequest) =>
  Effect.tryPromise({
    try: async () => sendable((await handle(request)) ?? {}),
    catch: (error) => (error instanceof Error ? error.name : "unknown")
  }).pipe(
    Effect.timeout("10 seconds"),
    Effect.catch((error) =>
      Effect.die(
        new Error(
          `${method} ${path} of the plugin ${plugin} failed: ${typeof error === "string" ? error : "no answer in time"}`
        )
      )
    )
  )

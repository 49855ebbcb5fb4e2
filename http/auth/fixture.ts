import { Context, Effect, Layer } from "effect"
import { Verbosity } from "../../runtime/operations/verbosity.ts"
import { forEachDatabase, type TestDatabase } from "../../test/database.ts"
import { adminCredentials, testIdentityLayer } from "../../test/identity.ts"
import { corsDoor } from "../middleware/cors.ts"
import { ListenAddress, serve } from "../server.ts"
import { authRoutes } from "./handlers.ts"
import { switchedOffDoor } from "./http-plugins.ts"
import { authSurface } from "./surface.ts"
import { tokenCheckDoor } from "./token-check.ts"

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** As it was parsed, untyped: tests look at what the contract says is there. Undefined when there is none. */
  readonly body: ReturnType<typeof JSON.parse>
}

export interface Call {
  readonly token?: string
  readonly tenant?: string
  readonly basic?: readonly [login: string, password: string]
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
}

/** The auth surface behind a real port, on a fresh database. */
export class AuthServer extends Context.Service<
  AuthServer,
  {
    readonly call: (method: string, path: string, call?: Call) => Effect.Effect<Answer>
    readonly url: string
  }
>()("strowger/http/auth/AuthServer") {}

export const authServerLayer = (
  environment: Readonly<Record<string, string>> = {},
  options: {
    readonly database?: TestDatabase
    /** Beside those of auth. */
    readonly routes?: typeof authRoutes
  } = {}
) =>
  Layer.effect(
    AuthServer,
    Effect.map(ListenAddress, ({ url }) => ({ url, call: caller(`${url}/api/auth/0.1`) }))
  ).pipe(
    Layer.provide(
      Layer.effect(
        ListenAddress,
        Effect.flatMap(Effect.all([switchedOffDoor, tokenCheckDoor]), (doors) =>
          serve({
            routes: Layer.merge(authRoutes, options.routes ?? Layer.empty),
            surfaces: [authSurface],
            doors: [corsDoor([authSurface]), ...doors]
          })
        )
      )
    ),
    Layer.provide(Verbosity.layer),
    Layer.provideMerge(
      testIdentityLayer({
        environment: { STROWGER_HTTP_PORT: "0", ...environment },
        ...(options.database === undefined ? {} : { database: options.database })
      })
    ),
    Layer.orDie
  )

/** `authServerLayer` on each database that tests have. */
export const forEachAuthServer = (suite: (database: string, server: AuthServerOn) => void): void =>
  forEachDatabase((name, database) =>
    suite(name, (environment) => authServerLayer(environment, { database }))
  )

/** `authServerLayer` on one of the databases. */
export type AuthServerOn = (
  environment?: Readonly<Record<string, string>>
) => ReturnType<typeof authServerLayer>

const caller =
  (base: string) =>
  (method: string, path: string, call: Call = {}): Effect.Effect<Answer> =>
    Effect.promise(async () => {
      const headers: Record<string, string> = { ...call.headers }
      if (call.token !== undefined) headers["X-Auth-Token"] = call.token
      if (call.tenant !== undefined) headers["Accent-Tenant"] = call.tenant
      if (call.basic !== undefined) {
        headers["Authorization"] = `Basic ${Buffer.from(call.basic.join(":")).toString("base64")}`
      }
      const response = await fetch(base + path, {
        method,
        headers,
        ...(call.body === undefined
          ? {}
          : { body: typeof call.body === "string" ? call.body : JSON.stringify(call.body) })
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body:
          text === ""
            ? undefined
            : response.headers.get("content-type")?.includes("json")
              ? JSON.parse(text)
              : text
      }
    })

/** A token of the administrator: that of an earlier real login as long as it lives, for a login takes its time. */
export const adminToken = Effect.gen(function* () {
  const server = yield* AuthServer
  const known = adminTokens.get(server)
  if (known !== undefined && (yield* server.call("HEAD", `/token/${known}`)).status === 204) return known
  const token = yield* freshAdminToken
  adminTokens.set(server, token)
  return token
})

const adminTokens = new WeakMap<AuthServer["Service"], string>()

/** A token of the administrator that nobody else has, by a real login. */
export const freshAdminToken = Effect.gen(function* () {
  const { call } = yield* AuthServer
  const { body } = yield* call("POST", "/token", {
    basic: [adminCredentials.username, adminCredentials.password],
    body: {}
  })
  return String(body.data.token)
})

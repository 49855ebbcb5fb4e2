import { Context, Effect, Layer } from "effect"
import { LineDeviceSettlement } from "../../actors/device/lines/settlement.ts"
import { Operations } from "../../actors/device/operations.ts"
import { PhoneRequests } from "../../actors/device/phone-requests.ts"
import { NoSuchPlugin } from "../../actors/device/plugins/plugin-errors.ts"
import { PluginManager } from "../../actors/device/plugins/plugin-manager.ts"
import { SystemParameters } from "../../actors/device/system-parameters.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { provisioningInMemory } from "../../test/provisioning-in-memory.ts"
import { type TestIdentity, testIdentityLayer } from "../../test/identity.ts"
import { corsDoor } from "../middleware/cors.ts"
import { serve } from "../server.ts"
import { provdRoutes } from "./handlers.ts"
import { PhoneListeners } from "./phone-listeners.ts"
import { provdSurface } from "./surface.ts"

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** As it was parsed, untyped: tests look at what the contract says is there. Undefined when it is no JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

/** provd over real HTTP on a free port. */
export class TestProvd extends Context.Service<
  TestProvd,
  {
    readonly url: string
    readonly send: (
      method: string,
      path: string,
      options?: {
        readonly token?: string
        readonly body?: unknown
        readonly headers?: Readonly<Record<string, string>>
      }
    ) => Effect.Effect<Answer>
    /** What DHCP servers told so far. */
    readonly learnt: () => ReadonlyArray<PhoneRequest>
  }
>()("strowger/http/provd/TestProvd") {}

/** provd with devices and configs in memory and no plugins. */
export const testProvdLayer: Layer.Layer<TestProvd | TestIdentity> = Layer.unwrap(
  Effect.sync(() => {
    const learnt: Array<PhoneRequest> = []
    const services = Layer.mergeAll(
      provisioningInMemory,
      Operations.layer,
      PhoneListeners.layer,
      Layer.mock(LineDeviceSettlement, { followRegistrar: (change) => change }),
      Layer.mock(PhoneRequests, {
        serve: () => ({ kind: "forbidden" }),
        learn: (request) => Effect.sync(() => void learnt.push(request))
      }),
      Layer.mock(PluginManager, {
        services: (plugin) => Effect.fail(new NoSuchPlugin({ plugin })),
        info: (plugin) => Effect.fail(new NoSuchPlugin({ plugin })),
        loaded: Effect.succeed([])
      }),
      Layer.mock(SystemParameters, {
        pluginServer: () => null,
        httpProxy: () => null,
        ftpProxy: () => null,
        httpsProxy: () => null,
        locale: () => null,
        nat: () => 0,
        provisioningKey: () => null,
        tenantOfKey: () => undefined,
        set: () => Effect.void
      })
    )
    return Layer.effect(
      TestProvd,
      Effect.map(
        serve({ routes: provdRoutes, surfaces: [provdSurface], doors: [corsDoor([provdSurface])] }),
        ({ url }) => ({ url, send: sender(url), learnt: () => learnt })
      )
    ).pipe(
      Layer.provide(services),
      Layer.provideMerge(testIdentityLayer({ environment: { STROWGER_HTTP_PORT: "0" } })),
      Layer.orDie
    )
  })
)

export const sender =
  (url: string): TestProvd["Service"]["send"] =>
  (method, path, { token, body, headers } = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token !== undefined && { "X-Auth-Token": token }),
          ...(body !== undefined && { "Content-Type": "application/vnd.proformatique.provd+json" }),
          ...headers
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.includes("json") ?? false
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text !== "" ? JSON.parse(text) : undefined
      }
    })

import { Context, Effect, Layer } from "effect"
import { toyPlugin } from "../../actors/device/fixture.ts"
import type { Configs } from "../../actors/device/configs.ts"
import { Devices } from "../../actors/device/devices.ts"
import type { LineDevices } from "../../actors/device/lines/line-devices.ts"
import { lineDevicesLayer } from "../../actors/device/lines/lines-layer.ts"
import { lineDeviceMigrations } from "../../actors/device/lines/migrations.ts"
import type { LineDeviceSettlement } from "../../actors/device/lines/settlement.ts"
import { PhonePlugins } from "../../actors/device/plugins/phone-plugins.ts"
import { Tenants } from "../../actors/identity/tenants.ts"
import type { CallCentre } from "../../actors/pbx/call-centre.ts"
import type { CallCentreCache } from "../../actors/pbx/call-centre-cache.ts"
import { callCentreLayer } from "../../actors/pbx/call-centre-layer.ts"
import { pbxMigrations } from "../../actors/pbx/migrations.ts"
import { type Pbx, pbxLayer } from "../../actors/pbx/pbx.ts"
import { provisioningInMemory } from "../../test/provisioning-in-memory.ts"
import type { TestDatabase } from "../../test/database.ts"
import { issueToken, type TestIdentity, testIdentityLayer } from "../../test/identity.ts"
import { type Backstage, makeBackstage, type Verbs, verbsOf } from "../../test/surface.ts"
import { serve } from "../server.ts"
import { confdRoutes } from "./handlers.ts"
import { confdSurface } from "./surface.ts"

type Json = Readonly<Record<string, unknown>>

/** An answer of confd. Of `json`, `items` and `sentences` the one that the body is; the others are empty. */
export interface Answer {
  readonly status: number
  readonly location: string | null
  readonly text: string
  readonly json: Json
  readonly total: unknown
  readonly items: ReadonlyArray<Json>
  readonly sentences: ReadonlyArray<unknown>
}

/** A client of confd with one token, acting in one tenant. */
export interface Client extends Verbs<Answer> {
  readonly tenantUuid: string
}

/** confd over real HTTP on a free port, and everything behind it on a fresh database. */
export class TestConfd extends Context.Service<
  TestConfd,
  Backstage & {
    readonly url: string
    /** A client with a token of the tenant; by default with all rights, in a new tenant. */
    readonly client: (options?: {
      readonly tenantUuid?: string
      readonly acl?: ReadonlyArray<string>
    }) => Effect.Effect<Client>
  }
>()("strowger/http/confd/TestConfd") {}

export type TestPbx =
  | TestConfd
  | Pbx
  | CallCentre
  | CallCentreCache
  | Configs
  | Devices
  | LineDevices
  | LineDeviceSettlement
  | TestIdentity

export const testConfdLayer = (database?: TestDatabase): Layer.Layer<TestPbx> =>
  Layer.effect(
    TestConfd,
    Effect.gen(function* () {
      const identity = yield* Effect.context<TestIdentity>()
      const backstage = yield* makeBackstage
      const { url } = yield* serve({ routes: confdRoutes, surfaces: [confdSurface], doors: [] })
      return {
        url,
        ...backstage,
        client: Effect.fnUntraced(
          function* ({ tenantUuid: given, acl = ["confd.#"] } = {}) {
            const tenantUuid = given ?? (yield* backstage.tenant())
            const token = yield* issueToken({ acl, tenantUuid })
            return clientOf(url, token.id, tenantUuid)
          },
          Effect.provideContext(identity),
          Effect.orDie
        )
      }
    })
  ).pipe(
    Layer.provideMerge(lineDevicesLayer),
    Layer.provideMerge(provisioningInMemory),
    Layer.provide(
      Layer.succeed(PhonePlugins, {
        loaded: () => [yealink],
        get: (id) => [yealink].find((plugin) => plugin.id === id)
      })
    ),
    Layer.provideMerge(pbxLayer),
    Layer.provideMerge(callCentreLayer),
    Layer.provideMerge(
      testIdentityLayer({
        migrations: { ...pbxMigrations, ...lineDeviceMigrations },
        environment: { STROWGER_HTTP_PORT: "0" },
        ...(database === undefined ? {} : { database })
      })
    ),
    Layer.orDie
  )

const clientOf = (url: string, token: string, tenantUuid: string): Client => ({
  tenantUuid,
  ...verbsOf(`${url}/api/confd/1.1`, token, answerOf)
})

const answerOf = ({ status, headers }: Response, text: string): Answer => {
  const body: unknown = text === "" ? {} : JSON.parse(text)
  // A JSON document that is no array and no scalar is a record; confd answers no scalars.
  const record = Array.isArray(body) ? {} : (body as Json)
  return {
    status,
    location: headers.get("location"),
    text,
    json: record,
    total: record["total"],
    items: Array.isArray(record["items"]) ? record["items"] : [],
    sentences: Array.isArray(body) ? body : []
  }
}

const yealink = toyPlugin({ id: "strowger-yealink" })

/** The id of a created object. */
export const idOf = ({ status, json, text }: Answer): number => {
  if (status !== 201 || typeof json["id"] !== "number") throw new Error(`not created: ${status} ${text}`)
  return json["id"]
}

export const uuidOf = ({ status, json, text }: Answer): string => {
  if (status !== 201 || typeof json["uuid"] !== "string") throw new Error(`not created: ${status} ${text}`)
  return json["uuid"]
}

/** How `layer` runs confd's tests: with the real clock, and time for the database to start. */
export const live = { timeout: "60 seconds", excludeTestServices: true } as const

/** An internal context with every kind of range from 1000 to 1999; answers its name. */
export const newContext = Effect.fnUntraced(function* (client: Client, more: Json = {}) {
  const range = [{ start: "1000", end: "1999" }]
  const answer = yield* client.post("/contexts", {
    label: "inside",
    user_ranges: range,
    conference_room_ranges: range,
    ...more
  })
  return { id: idOf(answer), name: String(answer.json["name"]) }
})

/** A phone that asked for its files and is nobody's yet. */
export const newDevice = Effect.gen(function* () {
  const devices = yield* Devices
  const { master } = yield* Tenants
  return yield* Effect.orDie(devices.create({ tenantUuid: master, visible: [master] }, { added: "auto" }))
})

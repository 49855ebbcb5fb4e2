import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { makeEvent } from "../../schemas/events/envelope.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { forEachDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import { macAt, makeWorkshop, master, provisioningLayer, scopeOf, storedFiles, tenant } from "./fixture.ts"
import { SystemParameters } from "./system-parameters.ts"

forEachDatabase((name, database) =>
  layer(provisioningLayer(makeWorkshop()).pipe(Layer.provideMerge(database)), {
    timeout: "60 seconds",
    excludeTestServices: true
  })(`a tenant that is deleted (${name})`, (it) => {
    const told = (uuid: string) =>
      Effect.flatMap(EventBus, (bus) =>
        bus.publish(makeEvent(authTenantDeleted, { originUuid: "o", at: 0 }, {}, { uuid }))
      )
    const deleted = (uuid: string) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`DELETE FROM auth_tenant WHERE uuid = ${uuid}::uuid`
        yield* told(uuid)
      })

    it.effect("takes its devices, their files and transient configs and its key along, nobody else's", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const configs = yield* Configs
        const parameters = yield* SystemParameters
        const config = yield* configs.autocreate
        const make = (owner: string, number: number, onConfig: string) =>
          devices.create(scopeOf(owner), { mac: macAt(number), plugin: "toy", config: onConfig })
        const gone = yield* make(tenant.south, 1, config)
        const kept = yield* make(tenant.north, 2, "autoprov")
        yield* parameters.set("provisioning_key", tenant.south, "south-key")
        yield* parameters.set("provisioning_key", tenant.north, "north-key")
        yield* deleted(tenant.south)
        yield* eventually(
          Effect.map(devices.list(master, true, {}), (all) => all.map(({ id }) => id)),
          (ids) => ids.length === 1
        )
        assert.deepEqual(yield* devices.get(master, kept.id), kept)
        assert.deepEqual(yield* storedFiles(gone.id), {})
        assert.strictEqual((yield* Effect.flip(configs.get(config)))._tag, "NoSuchConfig")
        yield* eventually(
          Effect.sync(() => parameters.provisioningKey(tenant.south)),
          (key) => key === null
        )
        assert.strictEqual(parameters.provisioningKey(tenant.north), "north-key")
      })
    )

    it.effect("nothing goes while no tenant is known", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const sql = yield* SqlClient.SqlClient
        const before = yield* devices.list(master, true, {})
        yield* sql`DELETE FROM auth_tenant`
        yield* told(tenant.north)
        // A tenant that comes back is known before the next sweep ends: its devices stay.
        yield* sql`INSERT INTO auth_tenant (uuid) VALUES (${tenant.north}::uuid)`
        yield* told(tenant.south)
        assert.deepEqual(yield* devices.list(master, true, {}), before)
      })
    )
  })
)

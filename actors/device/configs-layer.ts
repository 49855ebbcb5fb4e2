import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { type ConfigDocument, readConfigDocument } from "../../schemas/provd/config-document.ts"
import type { JsonObject } from "../../schemas/provd/device.ts"
import { idProblem } from "../../schemas/provd/document.ts"
import { own, sameJson } from "../../schemas/provd/json.ts"
import { autocreated } from "./autocreate.ts"
import { ConfigStore } from "./config-store.ts"
import { Configs, NoAutocreateConfig, NoSuchConfig, NotDeletable } from "./configs.ts"
import { DeviceIndex } from "./device-index.ts"
import { IdTaken, InvalidDocument } from "./devices.ts"
import { makeIdSource } from "./ids.ts"
import { listed } from "./listing.ts"
import { Regenerations } from "./regenerations.ts"

/** Configs in their table and in memory; devices that a change concerns are generated anew before it succeeds. */
export const configsLayer: Layer.Layer<
  Configs,
  never,
  SqlClient.SqlClient | AppConfig | ConfigStore | DeviceIndex | Regenerations
> = Layer.effect(
  Configs,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { phoneIds } = yield* AppConfig
    const store = yield* ConfigStore
    const index = yield* DeviceIndex
    const regenerations = yield* Regenerations
    const newId = makeIdSource(phoneIds, (id) => store.get(id) !== undefined)

    const known = Effect.fnUntraced(function* (id: string) {
      return store.get(id) ?? (yield* new NoSuchConfig({ id }))
    })

    /** Devices on a config or one of its descendants. */
    const devicesOn = (id: string) =>
      [...store.descendants(id)].flatMap((each) => index.idsBy("config", each))

    /** The devices noted with a change, and those that came onto the config while it was written. */
    const regenerate = (id: string, noted: ReadonlyArray<string>) =>
      Effect.suspend(() => regenerations.run([...new Set([...noted, ...devicesOn(id)])]))

    /** Stores a config that is not there yet, with the devices that already name it. */
    const insert = (document: ConfigDocument) =>
      store.changing((revision) => {
        const { id } = document
        if (store.get(id) !== undefined) return Effect.fail(new IdTaken({ id }))
        const devices = devicesOn(id)
        return Effect.gen(function* () {
          if (!(yield* store.insert({ document, revision }))) return yield* new IdTaken({ id })
          yield* regenerations.note(devices, revision)
        }).pipe(
          (work) => inTransaction(sql, work),
          dieOnSqlError,
          Effect.as({ result: devices, apply: () => store.put({ document, revision }) })
        )
      })

    const replace = (document: ConfigDocument) =>
      store.changing((revision) => {
        const { id } = document
        if (store.get(id) === undefined) return Effect.fail(new NoSuchConfig({ id }))
        const devices = devicesOn(id)
        return inTransaction(
          sql,
          Effect.andThen(store.replace({ document, revision }), regenerations.note(devices, revision))
        ).pipe(dieOnSqlError, Effect.as({ result: devices, apply: () => store.put({ document, revision }) }))
      })

    const remove = (id: string) =>
      store.changing(
        Effect.fnUntraced(function* (revision) {
          const document = store.get(id)
          if (document === undefined) return yield* new NoSuchConfig({ id })
          if (own(document, "deletable") === false) return yield* new NotDeletable({ id })
          const devices = devicesOn(id)
          const row = sql`DELETE FROM provd_configs WHERE id = ${id}`
          yield* dieOnSqlError(inTransaction(sql, Effect.andThen(row, regenerations.note(devices, revision))))
          const apply = () => {
            store.forget(id)
            store.sweep()
          }
          return { result: devices, apply }
        })
      )

    const create = Effect.fnUntraced(function* (document: JsonObject) {
      const id = own(document, "id") === undefined ? newId() : document["id"]
      const problem = idProblem(id)
      if (problem !== undefined) return yield* new InvalidDocument({ message: problem })
      const read = readConfigDocument(String(id), document)
      if ("problem" in read) return yield* new InvalidDocument({ message: read.problem })
      yield* regenerate(read.config.id, yield* insert(read.config))
      return read.config.id
    })

    return {
      list: (query) => Effect.suspend(() => listed(store.all(), query)),
      get: known,
      create: (document) =>
        Effect.retry(create(document), {
          // An id of ours may be taken between its making and the creation: numbers are.
          while: ({ _tag }) => _tag === "IdTaken" && own(document, "id") === undefined,
          times: 20
        }),
      update: Effect.fnUntraced(function* (id: string, document: JsonObject) {
        const before = yield* known(id)
        const read = readConfigDocument(id, document)
        if ("problem" in read) return yield* new InvalidDocument({ message: read.problem })
        if (sameJson(before, read.config)) return
        yield* regenerate(id, yield* replace(read.config))
      }),
      remove: Effect.fnUntraced(function* (id: string) {
        yield* regenerate(id, yield* remove(id))
      }),
      raw: Effect.fnUntraced(function* (id: string) {
        return store.flatten(id) ?? (yield* new NoSuchConfig({ id }))
      }),
      autocreate: Effect.suspend(() => {
        const document = autocreated(store)
        return document === undefined
          ? Effect.fail(new NoAutocreateConfig())
          : // The id was made now: nobody has it.
            Effect.as(Effect.orDie(insert(document)), document.id)
      })
    }
  })
)

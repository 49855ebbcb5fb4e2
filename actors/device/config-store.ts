import { Context, Effect, Layer, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import type { ConfigDocument } from "../../schemas/provd/config-document.ts"
import type { Json, JsonObject } from "../../schemas/provd/device.ts"
import { isObject, own } from "../../schemas/provd/json.ts"
import { baseRawConfig } from "./base-config.ts"
import type { AccompanyingConfig } from "./machine.ts"

/**
 * The configs in memory, and their rows. `put` and `forget` are for who has committed a change; the statements run in
 * the transaction around them.
 */
export class ConfigStore extends Context.Service<
  ConfigStore,
  {
    readonly get: (id: string) => ConfigDocument | undefined
    /** In the order of their creation. */
    readonly all: () => Iterable<ConfigDocument>
    /**
     * Everything that applies to a phone on the config (contracts/provisioning.md 3.2); undefined: there is none of
     * this id. `also` stands in for the stored one of its id.
     */
    readonly flatten: (id: string, also?: ConfigDocument) => JsonObject | undefined
    /** The config itself and those that have it among their ancestors. */
    readonly descendants: (id: string) => ReadonlySet<string>
    /** The latest change of the config and its ancestors; 0 when there is no config of this id. */
    readonly revisionOf: (id: string) => number
    /** Of the last change that what is read here has in it. */
    readonly latestRevision: () => number
    /** Of the last change that no config shows: one was deleted, or a provisioning key is another. */
    readonly latestSweep: () => number
    /** Notes such a change; for its `apply`. */
    readonly sweep: () => void
    /**
     * Runs a change of what files are made from, one at a time, with a revision greater than all before. `apply` is
     * for its memory, after its commit: whoever reads a revision then reads the change too.
     */
    readonly changing: <A, E, R>(
      change: (revision: number) => Effect.Effect<{ readonly result: A; readonly apply: () => void }, E, R>
    ) => Effect.Effect<A, E, R>
    readonly put: (config: AccompanyingConfig) => void
    readonly forget: (id: string) => void
    readonly insert: (config: AccompanyingConfig) => Effect.Effect<boolean, SqlError.SqlError>
    readonly replace: (config: AccompanyingConfig) => Effect.Effect<void, SqlError.SqlError>
  }
>()("strowger/actors/device/ConfigStore") {
  static readonly layer: Layer.Layer<ConfigStore, never, SqlClient.SqlClient | AppConfig> = Layer.effect(
    ConfigStore,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const memory = makeConfigMemory(baseRawConfig(yield* AppConfig))
      const rows = yield* dieOnSqlError(
        sql<{ document: ConfigDocument; revision: bigint }>`
          SELECT document, revision FROM provd_configs ORDER BY number`
      )
      for (const { document, revision } of rows) memory.put({ document, revision: Number(revision) })
      const [row] = yield* dieOnSqlError(
        sql<{ revision: bigint | null }>`SELECT greatest(
          (SELECT max(revision) FROM provd_devices), (SELECT max(revision) FROM provd_regenerations)) AS revision`
      )
      memory.advance(Number(row?.revision ?? 0))
      const writing = yield* Semaphore.make(1)
      return {
        ...memory,
        changing: (change) =>
          Effect.suspend(() => {
            const revision = memory.latestRevision() + 1
            return Effect.map(change(revision), ({ result, apply }) => {
              apply()
              memory.advance(revision)
              return result
            })
          }).pipe(Effect.uninterruptible, writing.withPermit),
        insert: ({ document, revision }) =>
          Effect.map(
            sql`INSERT INTO provd_configs (id, document, revision)
              VALUES (${document.id}, ${JSON.stringify(document)}::text::jsonb, ${revision})
              ON CONFLICT DO NOTHING RETURNING id`,
            (inserted) => inserted.length > 0
          ),
        replace: ({ document, revision }) =>
          Effect.asVoid(
            sql`INSERT INTO provd_configs (id, document, revision)
              VALUES (${document.id}, ${JSON.stringify(document)}::text::jsonb, ${revision})
              ON CONFLICT (id) DO UPDATE SET document = excluded.document, revision = excluded.revision`
          )
      }
    })
  )
}

/** The configs in memory alone, above these base parameters. */
export const makeConfigMemory = (base: JsonObject) => {
  const configs = new Map<string, AccompanyingConfig>()
  const children = new Map<string, Set<string>>()
  let latest = 0
  let swept = 0

  const detach = (id: string) => {
    for (const parent of configs.get(id)?.document.parent_ids ?? []) children.get(parent)?.delete(id)
  }
  const get = (id: string) => configs.get(id)?.document
  const lineage = (id: string, also?: ConfigDocument): ReadonlyArray<ConfigDocument> =>
    lineageOf(id, (each) => (each === also?.id ? also : get(each)))
  const advance = (revision: number) => {
    latest = Math.max(latest, revision)
  }
  return {
    get,
    advance,
    *all(): Iterable<ConfigDocument> {
      for (const { document } of configs.values()) yield document
    },
    flatten: (id: string, also?: ConfigDocument): JsonObject | undefined => {
      const documents = lineage(id, also)
      return documents.length === 0
        ? undefined
        : documents.reduce<JsonObject>((flat, { raw_config }) => merged(flat, raw_config), base)
    },
    descendants: (id: string): ReadonlySet<string> => {
      const found = new Set([id])
      for (const each of found) for (const child of children.get(each) ?? []) found.add(child)
      return found
    },
    revisionOf: (id: string) =>
      lineage(id).reduce((revision, each) => Math.max(revision, configs.get(each.id)?.revision ?? 0), 0),
    latestRevision: () => latest,
    latestSweep: () => swept,
    sweep: () => {
      // That of the change under way, see `changing`.
      swept = latest + 1
    },
    put: (config: AccompanyingConfig) => {
      const { id, parent_ids } = config.document
      detach(id)
      configs.set(id, config)
      advance(config.revision)
      for (const parent of parent_ids) {
        const siblings = children.get(parent) ?? new Set()
        children.set(parent, siblings.add(id))
      }
    },
    forget: (id: string) => {
      detach(id)
      configs.delete(id)
    }
  }
}

/**
 * A config after its ancestors: each parent in its order, depth first, each once however often and in however long a
 * circle it is named. Without recursion, since a chain of parents may be long. Empty when there is no such config.
 */
const lineageOf = (
  id: string,
  find: (id: string) => ConfigDocument | undefined
): ReadonlyArray<ConfigDocument> => {
  const seen = new Set<string>()
  const found: Array<ConfigDocument> = []
  const open: Array<{ readonly document: ConfigDocument; next: number }> = []
  const enter = (each: string) => {
    if (seen.has(each)) return
    seen.add(each)
    const document = find(each)
    if (document !== undefined) open.push({ document, next: 0 })
  }
  enter(id)
  for (let place = open.at(-1); place !== undefined; place = open.at(-1)) {
    const parent = place.document.parent_ids[place.next++]
    if (parent === undefined) {
      found.push(place.document)
      open.pop()
    } else enter(parent)
  }
  return found
}

/** Objects merge key by key; anything else, null too, replaces. */
const merged = (below: JsonObject, above: JsonObject): JsonObject => {
  const result = new Map(Object.entries(below))
  for (const [key, value] of Object.entries(above)) {
    const under: Json | undefined = own(below, key)
    result.set(key, isObject(under) && isObject(value) ? merged(under, value) : value)
  }
  // Unlike an assignment this never touches the prototype, whatever the key.
  return Object.fromEntries(result)
}

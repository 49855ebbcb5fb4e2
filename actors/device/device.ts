import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { defineKind } from "../../runtime/actor/kind.ts"
import { type BusEvent, type EventOrigin, makeEvent } from "../../schemas/events/envelope.ts"
import { deviceCreated, deviceDeleted, deviceEdited } from "../../schemas/events/confd.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { ConfigStore } from "./config-store.ts"
import type { DeviceIndex } from "./device-index.ts"
import { type DeviceEmitted, deviceMachine, type GenerateParams } from "./machine.ts"
import { generate, type Sources } from "./rendering.ts"

/** How the actors of devices are addressed; the id is the device's. */
export const deviceActor = { name: "device", machine: deviceMachine, version: 1 } as const

/**
 * Phones (contracts/provisioning.md, sections 3.1 and 10). The device's row, its files, the config that came with the
 * change and the one that it left are written with the state that they follow from: all of it or nothing.
 */
export const deviceKind = (sources: Sources, index: DeviceIndex["Service"]) =>
  defineKind<typeof deviceMachine, never>({
    ...deviceActor,
    durable: true,
    input: () => undefined,
    perform: { generate: (params: GenerateParams) => generate(sources, params) },
    claims: ({ context: { identity } }) => (identity === null ? [] : [identity]),
    event: (emitted, origin, id) => toldOf(emitted, origin, id),
    write: (emitted, id) => written(sources.configs, emitted, id),
    committed: (id, { context: { document, files } }) => {
      if (document === null) index.forget(id)
      else index.put({ document, files })
    }
  })

const toldOf = (emitted: DeviceEmitted, origin: EventOrigin, id: string): BusEvent | undefined => {
  if (emitted.type !== "told") return undefined
  const { verb, tenantUuid } = emitted
  return makeEvent(definitions[verb], origin, { tenantUuid }, { id })
}

const definitions = { created: deviceCreated, edited: deviceEdited, deleted: deviceDeleted } as const

const written = (configs: ConfigStore["Service"], emitted: DeviceEmitted, id: string) => {
  switch (emitted.type) {
    case "saved":
      return save(configs, emitted, id)
    case "removed":
      return remove(configs, emitted.config, id)
    case "told":
      return undefined
  }
}

type Saved = Extract<DeviceEmitted, { readonly type: "saved" }>

const save = Effect.fnUntraced(function* (configs: ConfigStore["Service"], saved: Saved, id: string) {
  const sql = yield* SqlClient.SqlClient
  const { config, left } = saved
  if (config !== null) {
    yield* configs.replace(config)
    yield* sql.afterCommit(Effect.sync(() => configs.put(config)))
  }
  yield* saved.files === null ? deviceRow(sql, saved, id) : saveWithFiles(sql, saved, saved.files, id)
  if (left !== null) yield* dropUnused(sql, configs, left)
})

const deviceRow = (sql: SqlClient.SqlClient, { document, revision, renderedBy }: Saved, id: string) => sql`
  INSERT INTO provd_devices (id, tenant_uuid, config, document, revision, rendered_by)
  VALUES (${id}, ${document.tenant_uuid}, ${textOf(document, "config") ?? null},
    ${JSON.stringify(document)}::text::jsonb, ${revision}::bigint, ${renderedBy})
  ON CONFLICT (id) DO UPDATE SET tenant_uuid = excluded.tenant_uuid, config = excluded.config,
    document = excluded.document, revision = excluded.revision, rendered_by = excluded.rendered_by`

/** The device and its files as they are now, in one round trip; what was noted before they were made is done with. */
const saveWithFiles = (
  sql: SqlClient.SqlClient,
  saved: Saved,
  { kept, written }: NonNullable<Saved["files"]>,
  id: string
) => sql`
  WITH device AS (${deviceRow(sql, saved, id)}), done AS (
    DELETE FROM provd_regenerations WHERE device_id = ${id} AND revision <= ${saved.revision}::bigint
  ), gone AS (
    DELETE FROM provd_files WHERE device_id = ${id}
      AND path <> ALL (${[...kept, ...written.map(({ path }) => path)]}::text[])
  )
  INSERT INTO provd_files (device_id, path, digest, content, modified_at)
  SELECT ${id}, path, digest, decode(content, 'base64'), modified_at
  FROM unnest(${written.map(({ path }) => path)}::text[], ${written.map(({ digest }) => digest)}::text[],
    ${written.map(({ content }) => Buffer.from(content).toString("base64"))}::text[],
    ${written.map(({ modifiedAt }) => String(modifiedAt))}::text[]::bigint[])
    AS file (path, digest, content, modified_at)
  ON CONFLICT (device_id, path) DO UPDATE SET digest = excluded.digest, content = excluded.content,
    modified_at = excluded.modified_at`

/** A transient config goes with its last device (contracts/provisioning.md 3.2); `drop`: one that may be deleted, too. */
const dropUnused = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  configs: ConfigStore["Service"],
  { config, drop }: NonNullable<Saved["left"]>
) {
  const gone = yield* sql<{ id: string }>`
    DELETE FROM provd_configs c WHERE id = ${config}
      AND (document->'transient' = 'true'::jsonb
        OR (${drop} AND document->'deletable' IS DISTINCT FROM 'false'::jsonb))
      AND NOT EXISTS (SELECT 1 FROM provd_devices d WHERE d.config = c.id)
    RETURNING id`
  for (const { id } of gone) yield* sql.afterCommit(Effect.sync(() => configs.forget(id)))
})

const remove = Effect.fnUntraced(function* (
  configs: ConfigStore["Service"],
  config: string | null,
  id: string
) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DELETE FROM provd_regenerations WHERE device_id = ${id}`
  yield* sql`DELETE FROM provd_devices WHERE id = ${id}`
  if (config !== null) yield* dropUnused(sql, configs, { config, drop: false })
})

import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"

/** Generates the files of one device anew; false: it could not be reached. */
export type Regenerate = (id: string) => Effect.Effect<boolean>

/**
 * The devices whose files are out of date. Noted in the transaction of what made them so and taken off with their new
 * files, so that a change which was acknowledged, or interrupted, is in the files of all its devices in the end.
 */
export class Regenerations extends Context.Service<
  Regenerations,
  {
    /** Call in the transaction of the change. */
    readonly note: (ids: ReadonlyArray<string>, revision: number) => Effect.Effect<void, SqlError.SqlError>
    /** Generates the files of these devices. Those that cannot be reached stay noted. */
    readonly run: (ids: ReadonlyArray<string>) => Effect.Effect<void>
    /** Everything that is noted. */
    readonly pending: Effect.Effect<ReadonlyArray<string>>
    /** Who generates. Until there is somebody, what is noted waits. */
    readonly serve: (regenerate: Regenerate) => void
  }
>()("strowger/actors/device/Regenerations") {
  static readonly layer: Layer.Layer<Regenerations, never, SqlClient.SqlClient> = Layer.effect(
    Regenerations,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      let worker: Regenerate | undefined
      return {
        note: (ids, revision) =>
          ids.length === 0
            ? Effect.void
            : Effect.asVoid(
                sql`INSERT INTO provd_regenerations (device_id, revision)
                  SELECT id, ${revision}::bigint FROM unnest(${ids}::text[]) AS id ORDER BY id
                  ON CONFLICT (device_id) DO UPDATE
                    SET revision = greatest(provd_regenerations.revision, excluded.revision)`
              ),
        run: (ids) =>
          Effect.suspend(() => {
            const regenerate = worker
            if (regenerate === undefined || ids.length === 0) return Effect.void
            return Effect.forEach(ids, regenerate, { concurrency }).pipe(
              Effect.flatMap((reached) => {
                const missed = reached.filter((wasReached) => !wasReached).length
                return missed === 0
                  ? Effect.void
                  : Effect.logError(`${missed} devices keep old files for now: they could not be reached`)
              })
            )
          }),
        pending: dieOnSqlError(
          Effect.map(
            sql<{ device_id: string }>`SELECT device_id FROM provd_regenerations ORDER BY device_id`,
            (rows) => rows.map(({ device_id }) => device_id)
          )
        ),
        serve: (regenerate) => {
          worker = regenerate
        }
      }
    })
  )
}

/** Commits of devices are written together: more at once cost fewer transactions. */
const concurrency = 256

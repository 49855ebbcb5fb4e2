import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import type { Operations } from "../../actors/device/operations.ts"
import { noSuchResource } from "../../schemas/provd/errors.ts"
import { pathTo } from "./links.ts"

/** The answer to the start of a job: where it can be watched. */
export const startedAs = (collection: string) => (id: string) =>
  HttpApiSchema.withHeaders({ body: undefined, headers: { location: pathTo(collection, id) } })

/** How a job fares; see `Operations`. */
export const operationStatus = (operations: Operations["Service"], collection: string, id: string) =>
  Effect.flatMap(operations.status(collection, id), (status) =>
    status === undefined ? Effect.fail(noSuchResource()) : Effect.succeed({ status })
  )

/** Forgets the monitor of a job. */
export const forgetOperation = (operations: Operations["Service"], collection: string, id: string) =>
  Effect.flatMap(operations.forget(collection, id), (known) =>
    known ? Effect.void : Effect.fail(noSuchResource())
  )

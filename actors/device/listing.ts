import { Effect } from "effect"
import type { JsonObject } from "../../schemas/provd/device.ts"
import { readSelector, shaped } from "../../schemas/provd/selector.ts"
import { type DocumentQuery, InvalidDocument } from "./devices.ts"

/** What a query finds among some documents (contracts/provisioning.md 4.5). */
export const listed = (
  documents: Iterable<JsonObject>,
  query: DocumentQuery
): Effect.Effect<ReadonlyArray<JsonObject>, InvalidDocument> =>
  Effect.suspend(() => {
    const selects = readSelector(query.selector)
    if (typeof selects !== "function") return Effect.fail(new InvalidDocument({ message: selects.problem }))
    const found: Array<JsonObject> = []
    for (const document of documents) if (selects(document)) found.push(document)
    return Effect.succeed(shaped(found, query))
  })

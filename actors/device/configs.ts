import { Context, Data, type Effect } from "effect"
import type { JsonObject } from "../../schemas/provd/device.ts"
import type { DocumentQuery, IdTaken, InvalidDocument } from "./devices.ts"

/** There is no config of this id. */
export class NoSuchConfig extends Data.TaggedError("NoSuchConfig")<{ readonly id: string }> {}
/** `deletable` is false. */
export class NotDeletable extends Data.TaggedError("NotDeletable")<{ readonly id: string }> {}
/** No config has the role `autocreate` and a first line. */
export class NoAutocreateConfig extends Data.TaggedError("NoAutocreateConfig") {}

/**
 * The configs (contracts/provisioning.md 3.2). A change regenerates the files of every device on the config or a
 * descendant before it succeeds; what a crash interrupts is driven on at the next start.
 */
export class Configs extends Context.Service<
  Configs,
  {
    readonly list: (query: DocumentQuery) => Effect.Effect<ReadonlyArray<JsonObject>, InvalidDocument>
    readonly get: (id: string) => Effect.Effect<JsonObject, NoSuchConfig>
    readonly create: (document: JsonObject) => Effect.Effect<string, InvalidDocument | IdTaken>
    readonly update: (id: string, document: JsonObject) => Effect.Effect<void, InvalidDocument | NoSuchConfig>
    readonly remove: (id: string) => Effect.Effect<void, NoSuchConfig | NotDeletable>
    /** Flattened, with ip, http_port, http_base_url and tftp_port, without defaults. */
    readonly raw: (id: string) => Effect.Effect<JsonObject, NoSuchConfig>
    /** A new config from the autocreate one; gives its id. */
    readonly autocreate: Effect.Effect<string, NoAutocreateConfig>
  }
>()("strowger/actors/device/Configs") {}

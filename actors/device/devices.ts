import { Context, Data, type Effect } from "effect"
import type { DeviceDocument, JsonObject } from "../../schemas/provd/device.ts"
import type { NoAutocreateConfig } from "./configs.ts"

/** Who asks: T and V(T) of contracts/provisioning.md 4.3. */
export interface DeviceScope {
  readonly tenantUuid: string
  /** T and its descendants. */
  readonly visible: ReadonlyArray<string>
}

/** List parameters of contracts/provisioning.md 4.5, decoded. */
export interface DocumentQuery {
  /** A selector as it came; anything that is no object is refused. */
  readonly selector?: unknown
  readonly fields?: ReadonlyArray<string>
  readonly skip?: number
  /** Absent: all. Negative: none. */
  readonly limit?: number
  readonly sort?: { readonly key: string; readonly descending: boolean }
}

/** A document, or a selector, that the contract refuses. The message names the key and the reason. */
export class InvalidDocument extends Data.TaggedError("InvalidDocument")<{ readonly message: string }> {}
/** A device or config of this id is there already. */
export class IdTaken extends Data.TaggedError("IdTaken")<{ readonly id: string }> {}
/** There is no device of this id, or the asker cannot see it. */
export class NoSuchDevice extends Data.TaggedError("NoSuchDevice")<{ readonly id: string }> {}
/** The phone cannot be told to fetch its files (contracts/provisioning.md, section 11). */
export class CannotSynchronize extends Data.TaggedError("CannotSynchronize")<{ readonly reason: string }> {}

/** The devices, as REST and other domains see them. Everything is committed when an effect succeeds. */
export class Devices extends Context.Service<
  Devices,
  {
    readonly list: (
      scope: DeviceScope,
      recurse: boolean,
      query: DocumentQuery
    ) => Effect.Effect<ReadonlyArray<JsonObject>, InvalidDocument>
    readonly get: (scope: DeviceScope, id: string) => Effect.Effect<DeviceDocument, NoSuchDevice>
    readonly create: (
      scope: DeviceScope,
      document: JsonObject
    ) => Effect.Effect<DeviceDocument, InvalidDocument | IdTaken>
    /** Full replacement; a new device is claimed for the tenant that asks. */
    readonly update: (
      scope: DeviceScope,
      id: string,
      document: JsonObject
    ) => Effect.Effect<DeviceDocument, InvalidDocument | NoSuchDevice>
    /**
     * `update` together with a config, created or replaced: both are stored, with the files they lead to, or neither.
     * The device's document names the config.
     */
    readonly updateWithConfig: (
      scope: DeviceScope,
      id: string,
      document: JsonObject,
      config: JsonObject
    ) => Effect.Effect<DeviceDocument, InvalidDocument | NoSuchDevice>
    readonly remove: (scope: DeviceScope, id: string) => Effect.Effect<void, NoSuchDevice>
    /** Regenerates the files; succeeds also when the device ends not configured. */
    readonly reconfigure: (scope: DeviceScope, id: string) => Effect.Effect<void, NoSuchDevice>
    /** Makes the phone fetch its files; ends when the NOTIFY is sent. */
    readonly synchronize: (
      scope: DeviceScope,
      id: string
    ) => Effect.Effect<void, NoSuchDevice | CannotSynchronize>
    /** Back to the autoprov account: a new autocreated config, options removed, the old config deleted. */
    readonly resetToAutoprov: (
      scope: DeviceScope,
      id: string
    ) => Effect.Effect<void, NoSuchDevice | NoAutocreateConfig>
  }
>()("strowger/actors/device/Devices") {}

import { Context, type Effect } from "effect"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"

/** What a phone is given. `modifiedAt` in milliseconds since the epoch. */
export type Served =
  /** A generated file. */
  | { readonly kind: "content"; readonly content: Uint8Array; readonly modifiedAt: number }
  /** A file below the plugin's folder. The path is relative to `root` and has been checked. */
  | { readonly kind: "file"; readonly root: string; readonly path: string }
  /** No device, no plugin, no such file, or a file of another device. `reason` is for the log. */
  | { readonly kind: "missing"; readonly reason: string }
  /** A folder, or a path that leaves the root. */
  | { readonly kind: "forbidden" }

/**
 * The chain that every request of a phone goes through (contracts/provisioning.md, section 8): extract, retrieve,
 * update, route. What it changes is committed before it answers. Fails only with defects.
 */
export class PhoneRequests extends Context.Service<
  PhoneRequests,
  {
    /**
     * A value when nothing had to be waited for: a known device, unchanged, whose file is in memory. `key` is the
     * provisioning key that the path began with, where the strategy `url_key` is on.
     */
    readonly serve: (request: PhoneRequest, key?: string) => Served | Effect.Effect<Served>
    /** The chain alone, for DHCP (8.7). */
    readonly learn: (request: PhoneRequest) => Effect.Effect<void>
  }
>()("strowger/actors/device/PhoneRequests") {}

import { Context, type Effect } from "effect"

/**
 * What becomes of the devices of a plugin that comes or goes (contracts/provisioning.md 7.2 and section 10). Called
 * after the plugin is in service, or out of it.
 */
export class DevicePlugins extends Context.Service<
  DevicePlugins,
  {
    /** Generates the files of every device that names the plugin; devices that it cannot configure end not configured. */
    readonly regenerate: (plugin: string) => Effect.Effect<void>
    /** Every device of the plugin becomes not configured, its generated files go. */
    readonly withdraw: (plugin: string) => Effect.Effect<void>
  }
>()("strowger/actors/device/DevicePlugins") {}

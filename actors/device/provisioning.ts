import { Effect, Layer } from "effect"
import { AppConfig } from "../../runtime/config.ts"
import { sendNotify } from "../../runtime/sip/notify.ts"
import { deviceGroundLayer, deviceLayer } from "./device-layer.ts"
import { CannotSynchronize } from "./devices.ts"
import { lineDevicesLayer } from "./lines/lines-layer.ts"
import { PhoneNotifier } from "./phone-notifier.ts"
import { InstalledPlugins } from "./plugins/installed-plugins.ts"
import { PluginRegistry, phonePluginsLayer } from "./plugins/plugin-registry.ts"

/** Straight over UDP: reaches phones by their address alone. */
const notifierSip = Layer.succeed(PhoneNotifier, {
  notify: (target, { event, contentType, body }) =>
    "endpoint" in target
      ? Effect.fail(new CannotSynchronize({ reason: "The address of the phone is not known" }))
      : sendNotify({
          address: target.address,
          event,
          ...(contentType !== undefined && { contentType }),
          ...(body !== undefined && { body: body.join("\r\n") })
        }).pipe(Effect.mapError(({ message }) => new CannotSynchronize({ reason: message })))
})

/** As `STROWGER_PHONE_SYNC` says. */
const notifierLayer = Layer.unwrap(
  Effect.map(AppConfig, ({ phoneSync }) => {
    if (phoneSync === "none") return PhoneNotifier.layerNone
    return phoneSync === "sip" ? notifierSip : PhoneNotifier.layerAmi
  })
)

/**
 * Everything of provisioning but its doors: the plugins are loaded on top of the ground, the devices on top of them,
 * and on top the lines of the configuration.
 */
export const provisioningLayer = lineDevicesLayer.pipe(
  Layer.provideMerge(deviceLayer),
  Layer.provideMerge(notifierLayer),
  Layer.provideMerge(phonePluginsLayer),
  Layer.provideMerge(PluginRegistry.layer),
  Layer.provideMerge(InstalledPlugins.layer),
  Layer.provideMerge(deviceGroundLayer)
)

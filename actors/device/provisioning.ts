import { Layer } from "effect"
import { deviceGroundLayer, deviceLayer } from "./device-layer.ts"
import { lineDevicesLayer } from "./lines/lines-layer.ts"
import { Operations } from "./operations.ts"
import { PhoneNotifier } from "./phone-notifier.ts"
import { provisioningCodeLayer } from "./provisioning-code.ts"
import { InstalledPlugins } from "./plugins/installed-plugins.ts"
import { pluginManagerLayer } from "./plugins/plugin-manager-layer.ts"
import { PluginRegistry, phonePluginsLayer } from "./plugins/plugin-registry.ts"

/**
 * Everything of provisioning but its doors: the plugins are loaded on top of the ground, the devices on top of them,
 * and on top the lines of the configuration and the requests of phones.
 */
export const provisioningLayer = Layer.mergeAll(provisioningCodeLayer, pluginManagerLayer).pipe(
  Layer.provideMerge(lineDevicesLayer),
  Layer.provideMerge(deviceLayer),
  Layer.provideMerge(PhoneNotifier.layer),
  Layer.provideMerge(Operations.layer),
  Layer.provideMerge(phonePluginsLayer),
  Layer.provideMerge(PluginRegistry.layer),
  Layer.provideMerge(InstalledPlugins.layer),
  Layer.provideMerge(deviceGroundLayer)
)

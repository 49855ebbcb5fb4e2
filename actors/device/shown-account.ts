import { fileNameOf } from "../../phones/kit/user-agent.ts"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import { isObject, own } from "../../schemas/provd/json.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import type { ConfigStore } from "./config-store.ts"
import { isPromise } from "./extraction.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"

/**
 * The SIP account that a phone shows to use by asking for its configuration (contracts/provisioning.md 8.5);
 * undefined: it shows nothing new. A promise only when the plugin gives one.
 */
export const shownAccount = (
  configs: ConfigStore["Service"],
  document: DeviceDocument,
  plugin: LoadedPlugin | undefined,
  { path, protocol }: PhoneRequest
): string | undefined | Promise<string | undefined> => {
  const username = document.configured ? usernameIn(configs, document) : undefined
  if (plugin === undefined || username === undefined || protocol === "dhcp") return undefined
  if (username === textOf(document, "remote_state_sip_username")) return undefined
  const name = fileNameOf(path)
  const shown = (trigger: string | undefined) => (trigger === name ? username : undefined)
  const trigger = plugin.remoteStateTrigger(document)
  return isPromise(trigger) ? trigger.then(shown) : shown(trigger)
}

/** Of the first line in the device's own config, not of its ancestors. */
const usernameIn = (configs: ConfigStore["Service"], document: DeviceDocument): string | undefined => {
  const config = configs.get(textOf(document, "config") ?? "")
  const lines = config && own(config.raw_config, "sip_lines")
  const line = isObject(lines) ? own(lines, "1") : undefined
  const username = isObject(line) ? textOf(line, "username") : undefined
  return username === "" ? undefined : username
}

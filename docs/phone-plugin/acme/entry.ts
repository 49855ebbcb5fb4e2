import type { DeviceDocument } from "../../../schemas/provd/device.ts"
import type { PhonePlugin, PluginFactory, PluginHost } from "../../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../../schemas/provd/raw-config-type.ts"

/**
 * Phones of a vendor that does not exist: they ask for `acme.cfg` and `acme/<mac>.cfg` over HTTP and say who they are
 * in their User-Agent: `Acme A1 2.3.1 805ec0aabbcc`. A plugin to begin from.
 */
const factory: PluginFactory = (host): PhonePlugin => ({
  info: { version: "1.0.0", description: "Acme A1 desk phones", capabilities: {} },

  parameters: [
    {
      id: "greeting",
      description: "Text on the display of idle phones",
      description_fr: "Texte affiché par les téléphones au repos"
    }
  ],

  extract: ({ userAgent }) => {
    const [, model, version, digits] = /^Acme (\w+) ([\d.]+) ([0-9a-f]{12})$/i.exec(userAgent) ?? []
    if (model === undefined || version === undefined || digits === undefined) return undefined
    return { vendor: "Acme", model, version, mac: digits.replace(/..(?!$)/g, "$&:").toLowerCase() }
  },

  // 600: made for this model and version; 500: for the model; 300: perhaps; 100: another vendor's phone.
  associate: ({ vendor, model, version }) => {
    if (vendor !== "Acme") return 100
    if (model !== "A1") return 300
    return version?.startsWith("2.") ? 600 : 500
  },

  commonFiles: (base) => [{ path: "acme.cfg", content: `server = ${base.http_base_url}/acme\n` }],

  deviceFiles: (device, config) => [
    { path: `acme/${fileName(device)}`, content: render(host, device, config) }
  ],

  synchronize: (_device, _config, { notify }) => notify({ event: "check-sync" }),
  remoteStateTrigger: (device) => fileName(device),
  isSensitive: (name) => /^[0-9a-f]{12}\.cfg$/.test(name)
})

// oxlint-disable-next-line import/no-default-export -- the entry of a package is its default export
export default factory

/** What is thrown here is the reason why a device is not configured. */
const fileName = ({ mac }: DeviceDocument): string => {
  if (typeof mac !== "string") throw new Error("an Acme phone needs its mac")
  return `${mac.replaceAll(":", "")}.cfg`
}

const render = (host: PluginHost, device: DeviceDocument, config: RawConfig): string => {
  const zone = typeof config.timezone === "string" ? host.timeZone(config.timezone) : undefined
  const context = {
    lines: config.sip_lines,
    keys: config.funckeys,
    greeting: host.parameter("greeting"),
    ntp: config.ntp_enabled === true ? config.ntp_ip : undefined,
    offset: zone === undefined ? undefined : zone.utcOffset / 60,
    color: host.settings["color"]
  }
  return host.render({ file: fileName(device), model: String(device["model"]) }, context, "none")
}

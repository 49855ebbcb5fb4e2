import { XMLValidator } from "fast-xml-parser"
import { assert } from "vitest"
import { makeTemplates } from "../../runtime/template/templates.ts"
import type { DeviceDocument, DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhonePlugin, PhoneRequest, PluginFactory, SipNotify } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig, SipLine } from "../../schemas/provd/raw-config-type.ts"
import type { BundledPlugin } from "../bundled.ts"
import { timeZone } from "./time-zone.ts"

/** A plugin with the template engine, the time zones and the settings of the product. */
export const loaded = (
  factory: PluginFactory,
  templates: BundledPlugin["templates"],
  settings: Readonly<Record<string, unknown>> = {}
): PhonePlugin => {
  const { render } = makeTemplates({ own: templates })
  return factory({
    id: "strowger-test",
    render,
    timeZone: (name) => timeZone(name, new Date("2026-01-01T00:00:00Z")),
    settings,
    parameter: () => null
  })
}

/** A device as it is stored. */
export const device = (own: Readonly<Partial<Record<keyof DeviceInfo, string>>> = {}): DeviceDocument => ({
  id: "device-1",
  tenant_uuid: "5d2d0e0a-0000-4000-8000-000000000001",
  is_new: false,
  configured: false,
  mac: "80:5e:c0:aa:bb:cc",
  ip: "192.0.2.77",
  ...own
})

/** A request over HTTP unless said otherwise. */
export const request = (own: Partial<PhoneRequest>): PhoneRequest => ({
  protocol: "http",
  path: "/",
  query: {},
  userAgent: "",
  address: "192.0.2.77",
  options: {},
  ...own
})

const line = (line: number, own: SipLine = {}): SipLine => ({
  proxy_ip: "192.0.2.10",
  registrar_ip: "192.0.2.10",
  username: `user${line}`,
  auth_username: `auth${line}`,
  password: `secret${line}`,
  display_name: `Alice Martin ${line}`,
  number: String(1000 + line),
  dtmf_mode: "RTP-out-of-band",
  srtp_mode: "disabled",
  ...own
})

/** What every raw config has when it comes to a plugin, and no more. */
export const minimalConfig: RawConfig = {
  http_base_url: "http://192.0.2.1:8667",
  ip: "192.0.2.1",
  http_port: 8667,
  tftp_port: 69,
  syslog_port: 514,
  syslog_level: "warning",
  sip_srtp_mode: "disabled",
  sip_transport: "udp",
  sip_lines: {},
  sccp_call_managers: {},
  funckeys: {}
}

const certificate = (name: string) =>
  `-----BEGIN CERTIFICATE-----\nTUlJQ${name}ZpY2F0ZQ==\n-----END CERTIFICATE-----\n`

/** Every parameter has a value. Line 1 has a backup, line 2 ports and modes of its own; there is no line 3. */
export const fullConfig: RawConfig = {
  ...minimalConfig,
  dns_enabled: true,
  dns_ip: "192.0.2.53",
  ntp_enabled: true,
  ntp_ip: "192.0.2.123",
  vlan_enabled: true,
  vlan_id: 100,
  vlan_priority: 5,
  vlan_pc_port_id: 200,
  syslog_enabled: true,
  syslog_ip: "192.0.2.14",
  admin_username: "admin",
  admin_password: "admin-secret",
  user_username: "user",
  user_password: "user-secret",
  timezone: "Europe/Paris",
  locale: "fr_FR",
  protocol: "SIP",
  sip_proxy_ip: "192.0.2.10",
  sip_registrar_ip: "192.0.2.10",
  sip_dtmf_mode: "RTP-out-of-band",
  sip_servers_root_and_intermediate_certificates: [certificate("cm9v"), certificate("aW50")],
  sip_local_root_and_intermediate_certificates: [certificate("bG9j")],
  sip_local_certificate: certificate("bWlu"),
  sip_local_key: "-----BEGIN PRIVATE KEY-----\nTUlJRa2V5\n-----END PRIVATE KEY-----\n",
  sip_subscribe_mwi: true,
  sip_lines: {
    1: line(1, {
      backup_proxy_ip: "192.0.2.11",
      backup_registrar_ip: "192.0.2.11",
      voicemail: "*98"
    }),
    2: line(2, {
      proxy_port: 5070,
      backup_proxy_ip: "192.0.2.11",
      backup_proxy_port: 5071,
      registrar_port: 5070,
      backup_registrar_ip: "192.0.2.11",
      backup_registrar_port: 5071,
      outbound_proxy_ip: "192.0.2.12",
      outbound_proxy_port: 5072,
      dtmf_mode: "SIP-INFO"
    })
  },
  sccp_call_managers: {},
  exten_dnd: "*25",
  exten_fwd_unconditional: "*21",
  exten_fwd_no_answer: "*22",
  exten_fwd_busy: "*23",
  exten_fwd_disable_all: "*20",
  exten_park: "700",
  exten_pickup_group: "*9",
  exten_pickup_call: "*8",
  exten_voicemail: "*98",
  funckeys: {
    1: { type: "speeddial", value: "1011", label: "Bob", line: "1" },
    2: { type: "blf", value: "1012", label: "Carol", line: "1" },
    3: { type: "park", value: "701", label: "Park", line: "1" },
    5: { type: "blf", value: "1013", label: null },
    40: { type: "speeddial", value: "1014", label: "Dora" }
  },
  config_version: 1,
  X_xivo_phonebook_ip: "192.0.2.98",
  X_accent_phonebook_ip: "192.0.2.98",
  X_xivo_user_uuid: "7f523550-03cf-4dac-a858-cb8afdb34775",
  X_accent_user_uuid: "7f523550-03cf-4dac-a858-cb8afdb34775",
  X_xivo_phonebook_profile: "default",
  X_key: ""
}

/** A registration with the shared account of unprovisioned phones (contracts/provisioning.md 3.3). */
export const autoprovConfig: RawConfig = {
  ...minimalConfig,
  sip_lines: {
    1: {
      display_name: "Autoprov",
      number: "autoprov",
      username: "apabc12345",
      auth_username: "apabc12345",
      password: "autoprov",
      proxy_ip: "192.0.2.10",
      registrar_ip: "192.0.2.10"
    }
  }
}

/** A name that ends lines, tags, quotes and templates. */
const hostileName = `Ö'Neil & "Sons" <script>]]> \${x} {{ y }}; 100%\nadmin = 1\r\u0007`

/** Hostile wherever a person types a text, nothing missing. */
export const hostileConfig: RawConfig = {
  ...fullConfig,
  admin_password: `a&<">'$;=#`,
  user_password: `u&<">'$;=#`,
  sip_lines: {
    1: line(1, { display_name: hostileName, number: "1001", password: `p&<">'$;=#` })
  },
  funckeys: { 1: { type: "blf", value: "1012", label: hostileName } }
}

/** Null wherever the contract allows it: for every parameter, for every value of a line, for labels and lines. */
export const nullConfig: RawConfig = {
  ...Object.fromEntries(Object.keys(fullConfig).map((key) => [key, null])),
  ...minimalConfig,
  sip_lines: {
    1: Object.fromEntries(Object.keys(line(1, fullConfig.sip_lines["2"])).map((key) => [key, null]))
  },
  funckeys: {
    1: { type: "speeddial", value: "1011", label: null, line: null },
    2: { type: "blf", value: "1012", label: null, line: null },
    3: { type: "park", value: null, label: null, line: null }
  }
}

/** A config with some parameters replaced. */
export const configWith = (own: Partial<RawConfig>): RawConfig => ({ ...fullConfig, ...own })

/** The texts of the files of one device by path. */
export const filesOf = (
  plugin: PhonePlugin,
  of: DeviceDocument,
  config: RawConfig
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (plugin.deviceFiles?.(of, config) ?? []).map((file) => [
      file.path,
      typeof file.content === "string" ? file.content : Buffer.from(file.content).toString("utf8")
    ])
  )

/** All files of one device as one text, each below its name: what a snapshot holds. */
export const snapshotOf = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([path, text]) => `==> ${path}\n${text}`)
    .join("\n")

/** The same for the files of every phone of a plugin. */
export const commonFilesOf = (plugin: PhonePlugin, base: RawConfig): Readonly<Record<string, string>> =>
  Object.fromEntries((plugin.commonFiles?.(base) ?? []).map((file) => [file.path, String(file.content)]))

/** What an XML parser says against a text; undefined: it is well-formed. */
export const xmlFault = (text: string): string | undefined => {
  const answer = XMLValidator.validate(text)
  return answer === true ? undefined : `${answer.err.msg} (line ${answer.err.line})`
}

/** The elements of an XML file that hold nothing but text; of several with one name the last. */
export const elementsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name = "", value = ""]) => [name, value])
  )

/** Asserts that settings have these values; the others may be anything. */
export const assertSettings = (
  all: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>
): void =>
  assert.deepStrictEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, all[key]])), expected)

/** What a plugin sends to a phone so that it fetches its files again. */
export const notifiesOf = async (
  plugin: PhonePlugin,
  of: DeviceDocument,
  config: RawConfig
): Promise<ReadonlyArray<SipNotify>> => {
  const sent: Array<SipNotify> = []
  await plugin.synchronize?.(of, config, {
    notify: async (notify) => void sent.push(notify),
    fetch,
    signal: new AbortController().signal
  })
  return sent
}

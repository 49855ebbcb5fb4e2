import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import {
  support,
  type Capability,
  type PluginFactory,
  type SynchronizeTools
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { textOf } from "../kit/device.ts"
import { numbered, sortedLines, type NumberedLine } from "../kit/lines.ts"
import { ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { webForms, type Form, type WebForms } from "./web-forms.ts"

interface Model {
  /** The page on which the clock is set. */
  readonly clockPage: string
  /** Whether a line may be taken away: the C590 and its kind stumble over too many requests. */
  readonly removesLines: boolean
  /** The page with the mailboxes of all lines. */
  readonly mailboxPage?: string
}

const c470: Model = {
  clockPage: "settings_admin_special.html",
  removesLines: true,
  mailboxPage: "settings_telephony_am.html"
}
const c590: Model = { clockPage: "settings_management_date_n_time.html", removesLines: false }

const models: Readonly<Record<string, Model>> = {
  "C470 IP": c470,
  "C475 IP": c470,
  "S675 IP": c470,
  "S685 IP": c470,
  "C590 IP": c590,
  "C595 IP": c590,
  "C610 IP": c590,
  "N300 IP": c590
}

const lineCount = 6

/**
 * Gigaset C470, S675, C590, C610 and their kin (contracts/provisioning-vendors.md, section 11). They fetch no files:
 * synchronizing fills in the forms of the base's own web pages.
 */
export const gigasetC: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Gigaset DECT bases C470, S675, C590, C610 and N300, set up over their web pages.",
    description_fr: "Bases DECT Gigaset C470, S675, C590, C610 et N300, réglées par leurs pages web.",
    capabilities: capabilitiesOf("Gigaset", models, "*", () => capability)
  },
  extract: (request) => {
    const model = request.protocol === "dhcp" ? ownOf(vendorClasses, request.options[60]) : undefined
    return model === undefined ? undefined : { vendor: "Gigaset", model }
  },
  associate: association({
    vendor: "Gigaset",
    isModel: (model) => ownOf(models, model) !== undefined,
    otherModel: support.unknown
  }),
  deviceFiles: (device) => {
    addressOf(device)
    return []
  },
  synchronize: (device, config, tools) =>
    fillIn(device, inOneLine(config), host.parameter("pin") || defaultPin, tools),
  parameters: [
    {
      id: "pin",
      description: "PIN of the bases; 0000 where none is set",
      description_fr: "PIN des bases ; 0000 si aucun n'est défini"
    }
  ]
})

const capability: Capability = {
  lines: lineCount,
  high_availability: false,
  function_keys: 0,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "dect",
  multicell: false
}

const vendorClasses: Readonly<Record<string, string>> = {
  C470IP: "C470 IP",
  C470_IP: "C470 IP",
  S675IP: "S675 IP",
  S675_IP: "S675 IP",
  C590_IP: "C590 IP",
  C610_IP: "C610 IP"
}

const defaultPin = "0000"

const addressOf = (device: DeviceDocument): string => {
  const address = textOf(device, "ip")
  if (address === undefined) throw new Error("the device has no IP address")
  return address
}

/**
 * Sets every account, mailbox and the clock. The session ends also when something goes wrong on the way; one that
 * cannot be ended is ended by the base in time.
 */
const fillIn = async (
  device: DeviceDocument,
  config: RawConfig,
  pin: string,
  tools: SynchronizeTools
): Promise<void> => {
  const model = ownOf(models, textOf(device, "model")) ?? c470
  const base = webForms(addressOf(device), tools)
  await logIn(base, pin)
  try {
    await refuseAnother(base, device)
    await setAccounts(base, model, config)
    if (model.mailboxPage !== undefined) await base.post(model.mailboxPage, mailboxes(config))
    if (config.ntp_enabled && config.ntp_ip) await base.post(model.clockPage, clock(config.ntp_ip))
  } finally {
    await base.get("logout.html").catch(() => undefined)
  }
}

const logIn = async (base: WebForms, pin: string): Promise<void> => {
  const { path } = await base.post("login.html", { language: 1, password: pin })
  if (path.endsWith("/security_advice.html")) await base.post("security_advice.html", { disable_advice: 0 })
  else if (!path.endsWith("/home.html")) throw new Error("the base does not take the PIN")
}

/** An address may have passed on to another base since the phone was last heard of. */
const refuseAnother = async (base: WebForms, device: DeviceDocument): Promise<void> => {
  const { text } = await base.get("status_device.html")
  const [found] = /\b[\dA-F]{2}(?::[\dA-F]{2}){5}\b/.exec(text) ?? []
  const own = normalizeMac(textOf(device, "mac") ?? "")
  if (found !== undefined && own !== undefined && normalizeMac(found) !== own)
    throw new Error("another base answers at the device's address")
}

const setAccounts = async (base: WebForms, model: Model, config: RawConfig): Promise<void> => {
  const lines = new Map(sortedLines(config).map((line) => [line.line, line]))
  for (let number = 1; number <= lineCount; number++) {
    const line = lines.get(number)
    const page = `settings_telephony_voip.html?id=${number - 1}`
    if (line !== undefined) await base.post(page, account(line))
    else if (model.removesLines) await base.post(page, { account_id: number - 1, do_delete: 1 })
  }
}

const account = (line: NumberedLine): Form => ({
  account_id: line.line - 1,
  go_profile: 0,
  do_delete: 0,
  account_name: line.number || `IP${line.line}`,
  autocode: "",
  sip_login_id: line.auth_username || line.username || "",
  sip_password: line.password ?? "",
  sip_password_2: line.password ?? "",
  sip_user_id: line.username ?? "",
  sip_display_name: line.display_name ?? "",
  sip_domain: line.proxy_ip ?? "",
  sip_server: line.proxy_ip ?? "",
  sip_server_port: line.proxy_port ?? 5060,
  sip_registrar: line.registrar_ip || line.proxy_ip || "",
  sip_registrar_port: line.registrar_port ?? 5060,
  reg_refresh_time: 3600,
  stun_mode: 0,
  stun_server: "",
  stun_port: 3478,
  stun_refresh_time: 240,
  nat_refresh_time: 20,
  outbound_mode: line.outbound_proxy_ip ? 0 : 1,
  outbound_proxy: line.outbound_proxy_ip ?? "",
  outbound_port: line.outbound_proxy_port ?? 5060
})

/** The form has a field for each account and one for the fixed line. */
const mailboxes = (config: RawConfig): Form => {
  const lines = new Map(numbered(config.sip_lines))
  return Object.fromEntries(
    Array.from({ length: lineCount + 1 }, (_, index) => {
      const line = lines.get(index + 1)
      const mailbox = line && (line.voicemail || config.exten_voicemail)
      return mailbox
        ? [[`ad1_${index}`, mailbox] as const, [`ad2_${index}`, "on"] as const]
        : [[`ad1_${index}`, ""] as const]
    }).flat()
  )
}

const clock = (server: string): Form => ({ use_ntp: 1, timeserver: server, use_dst: 1 })

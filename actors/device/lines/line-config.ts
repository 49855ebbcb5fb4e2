import type { Json, JsonObject } from "../../../schemas/provd/device.ts"
import { isObject, own } from "../../../schemas/provd/json.ts"

/** What the config of a device says of one of its lines. */
export interface PhoneLine {
  readonly id: number
  /** The number of the line on the phone. */
  readonly position: number
  /** The name of the SIP endpoint, else of the custom one. */
  readonly name: string | null
  /** `auth_section_options` of the SIP endpoint; null without SIP endpoint. */
  readonly auth: ReadonlyArray<readonly [key: string, value: string]> | null
  readonly callerIdName: string | null
  /** `"Ann Smith" <1001>`, of the line's main user. */
  readonly userCallerId: string | null
  readonly userUuid: string | null
  readonly exten: string | null
}

/** How a custom endpoint of Asterisk's names an SCCP line. */
const sccp = /^SCCP\//i

/** Whether the name of a custom endpoint is that of an SCCP line. */
export const isSccpName = (name: string | null): boolean => name !== null && sccp.test(name)

/**
 * The config of a device with lines (contracts/provisioning.md 10.2). The template stays that of the device's present
 * config. Two lines at one position: the older one has it.
 */
export const lineConfigOf = (device: {
  readonly id: string
  readonly template: string
  readonly lines: ReadonlyArray<PhoneLine>
  readonly registrar: JsonObject
  readonly featureCodes: Readonly<Record<string, string>>
}): JsonObject => {
  const { id, template, registrar } = device
  const lines = [...device.lines].sort((one, other) => other.id - one.id)
  const userUuid = [...device.lines].sort((one, other) => one.position - other.position)[0]?.userUuid ?? null
  return {
    id,
    configdevice: template,
    deletable: true,
    parent_ids: ["base", template],
    raw_config: {
      X_key: "",
      config_version: 1,
      ...(userUuid !== null && { X_xivo_user_uuid: userUuid, X_accent_user_uuid: userUuid }),
      ...device.featureCodes,
      funckeys: {},
      ...(lines.some(({ name }) => isSccpName(name))
        ? { protocol: "SCCP", sccp_call_managers: callManagersOf(registrar) }
        : { protocol: "SIP", sip_lines: sipLinesOf(lines, registrar) })
    }
  }
}

/** The config that a device's present config takes its settings from. */
export const templateOf = (config: JsonObject | undefined): string => {
  const template = config === undefined ? undefined : own(config, "configdevice")
  return typeof template === "string" && template !== "" ? template : "defaultconfigdevice"
}

/** Line 1 of the config `autoprov` at another registrar; undefined: it has no such line, or nothing is new. */
export const autoprovAt = (autoprov: JsonObject, registrar: JsonObject): JsonObject | undefined => {
  const raw = own(autoprov, "raw_config")
  const lines = isObject(raw) ? own(raw, "sip_lines") : undefined
  const line = isObject(lines) ? own(lines, "1") : undefined
  if (!isObject(raw) || !isObject(lines) || !isObject(line)) return undefined
  const account = Object.fromEntries(Object.entries(line).filter(([key]) => !serverKeys.has(key)))
  return {
    ...autoprov,
    raw_config: {
      ...raw,
      sip_lines: { ...lines, "1": { ...account, ...serversOf(registrar) } },
      sccp_call_managers: callManagersOf(registrar)
    }
  }
}

const sipLinesOf = (lines: ReadonlyArray<PhoneLine>, registrar: JsonObject): JsonObject =>
  Object.fromEntries(
    lines.flatMap((line) => (line.auth === null ? [] : [[String(line.position), sipLineOf(line, registrar)]]))
  )

const sipLineOf = (line: PhoneLine, registrar: JsonObject): JsonObject => {
  const auth = new Map(line.auth)
  return {
    username: line.name,
    auth_username: auth.get("username") ?? line.name,
    password: auth.get("password") ?? "",
    display_name: line.callerIdName ?? nameIn(line.userCallerId) ?? "",
    number: line.exten ?? "",
    ...serversOf(registrar)
  }
}

/** `"Ann Smith" <1001>` and `Ann Smith <1001>` are Ann Smith. */
const nameIn = (callerId: string | null): string | undefined => {
  if (callerId === null) return undefined
  const [, quoted, plain] = /^\s*(?:"([^"]*)"|([^<"]*?))\s*(?:<[^>]*>)?\s*$/.exec(callerId) ?? []
  return quoted ?? plain ?? callerId
}

/** How a line names the servers of its registrar: key of the line, key of the registrar. */
const servers = [
  ["registrar_ip", "registrar_main"],
  ["registrar_port", "registrar_main_port"],
  ["proxy_ip", "proxy_main"],
  ["proxy_port", "proxy_main_port"],
  ["backup_registrar_ip", "registrar_backup"],
  ["backup_registrar_port", "registrar_backup_port"],
  ["backup_proxy_ip", "proxy_backup"],
  ["backup_proxy_port", "proxy_backup_port"],
  ["outbound_proxy_ip", "proxy_outbound"],
  ["outbound_proxy_port", "proxy_outbound_port"]
] as const

const serverKeys: ReadonlySet<string> = new Set(servers.map(([key]) => key))

const serversOf = (registrar: JsonObject): JsonObject =>
  Object.fromEntries(
    servers.flatMap(([key, source]) => {
      const value = own(registrar, source)
      return isGiven(value) ? [[key, value]] : []
    })
  )

const callManagersOf = (registrar: JsonObject): JsonObject =>
  Object.fromEntries(
    ["proxy_main", "proxy_backup"].flatMap((source, index) => {
      const ip = own(registrar, source)
      const port = own(registrar, `${source}_port`)
      return isGiven(ip) ? [[String(index + 1), { ip, ...(isGiven(port) && { port }) }]] : []
    })
  )

const isGiven = (value: Json | undefined): value is string | number =>
  (typeof value === "string" && value !== "") || typeof value === "number"

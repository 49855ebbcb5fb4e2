import type { Json, JsonObject } from "./device.ts"
import { isList, isObject, own } from "./json.ts"

/**
 * What is wrong with a raw config (contracts/provisioning.md, section 5); undefined: nothing. The message names the
 * parameter, never its value. What only a complete, flattened config can be asked for is not checked here: see
 * `incompleteRawConfig`.
 */
export const rawConfigProblem = (raw: unknown): string | undefined => {
  if (!isObject(raw)) return "raw_config: an object is expected"
  for (const [name, value] of Object.entries(raw)) {
    const problem = parameterProblem(name, value)
    if (problem !== undefined) return `raw_config.${name}: ${problem}`
  }
  for (const [switched, needed] of conditional) {
    if (asBoolean(own(raw, switched)) === true && isUnset(own(raw, needed)))
      return `raw_config.${needed}: it is needed when ${switched} is on`
  }
  return undefined
}

/** What a flattened config lacks for a phone to be configured with it; undefined: nothing. */
export const incompleteRawConfig = (raw: JsonObject): string | undefined => {
  const lines = own(raw, "sip_lines")
  if (!isObject(lines) || !isUnset(own(raw, "sip_proxy_ip"))) return undefined
  const bare = Object.entries(lines).find(([, line]) => isObject(line) && isUnset(own(line, "proxy_ip")))
  return bare && `raw_config.sip_proxy_ip: it is needed, since line ${bare[0]} has no proxy_ip`
}

/** How a parameter is read: what it may be, and the value that plugins get. */
export type ParameterType = "string" | "integer" | "boolean" | "texts" | "lines" | "managers" | "keys" | "any"

interface Rule {
  readonly type: ParameterType
  readonly among?: ReadonlyArray<string>
  readonly range?: readonly [least: number, greatest: number]
  readonly accepts?: (text: string) => boolean
  readonly notNull?: true
}

const string: Rule = { type: "string" }
const integer: Rule = { type: "integer" }
const boolean: Rule = { type: "boolean" }
const texts: Rule = { type: "texts" }
const oneOf = (...among: ReadonlyArray<string>): Rule => ({ type: "string", among })
const within = (least: number, greatest: number): Rule => ({ type: "integer", range: [least, greatest] })

const dtmfMode = oneOf("RTP-in-band", "RTP-out-of-band", "SIP-INFO")
const srtpMode = oneOf("disabled", "preferred", "required")

const isTimeZone = (name: string): boolean => {
  if (name === "") return true
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

const servers = (...names: ReadonlyArray<string>): ReadonlyArray<readonly [string, Rule]> =>
  names.flatMap((name) => [[`${name}_ip`, string] as const, [`${name}_port`, integer] as const])

const strings = (...names: ReadonlyArray<string>): ReadonlyArray<readonly [string, Rule]> =>
  names.map((name) => [name, string] as const)

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...strings("http_base_url", "ip", "dns_ip", "ntp_ip", "syslog_ip"),
  ["http_port", integer],
  ["tftp_port", integer],
  ["dns_enabled", boolean],
  ["ntp_enabled", boolean],
  ["vlan_enabled", boolean],
  ["vlan_id", within(0, 4094)],
  ["vlan_priority", within(0, 7)],
  ["vlan_pc_port_id", within(0, 4094)],
  ["syslog_enabled", boolean],
  ["syslog_port", { type: "integer", notNull: true }],
  ["syslog_level", { ...oneOf("critical", "error", "warning", "info", "debug"), notNull: true }],
  ...strings("admin_username", "admin_password", "user_username", "user_password"),
  ["timezone", { type: "string", accepts: isTimeZone }],
  ["locale", { type: "string", accepts: (text) => /^[a-z]{2}_[A-Z]{2}/.test(text) }],
  ["protocol", oneOf("SIP", "SCCP")],
  ...servers("sip_proxy", "sip_backup_proxy", "sip_registrar", "sip_backup_registrar", "sip_outbound_proxy"),
  ["sip_dtmf_mode", dtmfMode],
  ["sip_srtp_mode", srtpMode],
  ["sip_transport", oneOf("udp", "tcp", "tls")],
  ["sip_servers_root_and_intermediate_certificates", texts],
  ["sip_local_root_and_intermediate_certificates", texts],
  ...strings("sip_local_certificate", "sip_local_key"),
  ["sip_subscribe_mwi", boolean],
  ["sip_lines", { type: "lines", notNull: true }],
  ["sccp_call_managers", { type: "managers", notNull: true }],
  ["funckeys", { type: "keys", notNull: true }],
  ...strings(
    "exten_dnd",
    "exten_fwd_unconditional",
    "exten_fwd_no_answer",
    "exten_fwd_busy",
    "exten_fwd_disable_all",
    "exten_park",
    "exten_pickup_group",
    "exten_pickup_call",
    "exten_voicemail"
  ),
  ["config_version", integer],
  ...strings(
    "X_xivo_phonebook_ip",
    "X_accent_phonebook_ip",
    "X_xivo_phonebook_scheme",
    "X_xivo_user_uuid",
    "X_accent_user_uuid",
    "X_xivo_phonebook_profile",
    "X_key"
  ),
  ["X_xivo_phonebook_port", integer]
])

const lineRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...servers("proxy", "backup_proxy", "registrar", "backup_registrar", "outbound_proxy"),
  ...strings("username", "auth_username", "password", "display_name", "number", "voicemail"),
  ["dtmf_mode", dtmfMode],
  ["srtp_mode", srtpMode]
])

const conditional = [
  ["dns_enabled", "dns_ip"],
  ["ntp_enabled", "ntp_ip"],
  ["vlan_enabled", "vlan_id"],
  ["syslog_enabled", "syslog_ip"]
] as const

/** The type of a parameter; undefined: the contract knows none of this name. */
export const typeOfParameter = (name: string): ParameterType | undefined =>
  rules.get(name)?.type ?? (name.startsWith("X_") ? "any" : undefined)

/** The type of a value of a line; undefined: a free name. */
export const typeOfLineValue = (name: string): ParameterType | undefined => lineRules.get(name)?.type

/** A whole number, also written as a text; undefined: it is none. */
export const asInteger = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : value
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined
}

/** A switch in any of its usual notations; undefined: it is none. */
export const asBoolean = (value: unknown): boolean | undefined => {
  if (typeof value === "boolean") return value
  return typeof value === "string" || typeof value === "number"
    ? switches.get(String(value).toLowerCase())
    : undefined
}

const switches: ReadonlyMap<string, boolean> = new Map([
  ...["yes", "on", "true", "1", "y", "t"].map((word) => [word, true] as const),
  ...["no", "off", "false", "0", "n", "f"].map((word) => [word, false] as const)
])

const isUnset = (value: unknown): boolean => value === undefined || value === null || value === ""

const parameterProblem = (name: string, value: Json): string | undefined => {
  const rule = rules.get(name)
  if (rule !== undefined) return valueProblem(rule, value)
  return name.startsWith("X_") ? undefined : "there is no such parameter; own ones begin with X_"
}

const valueProblem = (rule: Rule, value: Json): string | undefined => {
  if (value === null) return rule.notNull ? "null is not allowed" : undefined
  switch (rule.type) {
    case "any":
      return undefined
    case "string":
      return textProblem(rule, value)
    case "integer":
      return integerProblem(rule, value)
    case "boolean":
      return asBoolean(value) === undefined ? "a boolean is expected" : undefined
    case "texts":
      return isList(value) && value.every(isText) ? undefined : "a list of texts is expected"
    case "lines":
      return entriesProblem(value, lineProblem)
    case "managers":
      return entriesProblem(value, managerProblem)
    case "keys":
      return entriesProblem(value, functionKeyProblem)
  }
}

/** A number passes for a text. */
const isText = (value: unknown): boolean => typeof value === "string" || typeof value === "number"

const textProblem = ({ among, accepts }: Rule, value: Json): string | undefined => {
  if (!isText(value)) return "a text is expected"
  const text = String(value)
  if (among !== undefined && !among.includes(text)) return `one of ${among.join(", ")} is expected`
  return accepts === undefined || accepts(text) ? undefined : "this value is unknown"
}

const integerProblem = ({ range }: Rule, value: Json): string | undefined => {
  const number = asInteger(value)
  if (number === undefined) return "a whole number is expected"
  if (range === undefined || (number >= range[0] && number <= range[1])) return undefined
  return `a number from ${range[0]} to ${range[1]} is expected`
}

const entriesProblem = (
  value: Json,
  entryProblem: (key: string, entry: JsonObject) => string | undefined
): string | undefined => {
  if (!isObject(value)) return "an object is expected"
  for (const [key, entry] of Object.entries(value)) {
    const problem = isObject(entry) ? entryProblem(key, entry) : "an object is expected"
    if (problem !== undefined) return `${key}: ${problem}`
  }
  return undefined
}

const lineProblem = (_: string, line: JsonObject): string | undefined => {
  for (const [name, value] of Object.entries(line)) {
    const rule = lineRules.get(name)
    const problem = rule && valueProblem(rule, value)
    if (problem !== undefined) return `${name}: ${problem}`
  }
  return undefined
}

const managerProblem = (key: string, manager: JsonObject): string | undefined => {
  if (!/^\d+$/.test(key)) return "the priority must be a number"
  if (!isText(own(manager, "ip"))) return "ip: a text is expected"
  const port = own(manager, "port")
  return port === undefined || port === null || asInteger(port) !== undefined
    ? undefined
    : "port: a whole number is expected"
}

const functionKeyProblem = (key: string, funckey: JsonObject): string | undefined => {
  if (!/^\d+$/.test(key) || Number(key) < 1) return "the key must be a number, from 1"
  const type = own(funckey, "type")
  if (type !== "speeddial" && type !== "blf" && type !== "park")
    return "type: speeddial, blf or park is expected"
  const value = own(funckey, "value")
  if (type !== "park" && (!isText(value) || value === "")) return "value: a text is expected"
  for (const name of ["value", "label", "line"]) {
    const text = own(funckey, name)
    if (text !== undefined && text !== null && !isText(text)) return `${name}: a text is expected`
  }
  return undefined
}

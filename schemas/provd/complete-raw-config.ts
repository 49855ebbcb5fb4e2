import type { Json, JsonObject } from "./device.ts"
import { isList, isObject, own } from "./json.ts"
import { asBoolean, asInteger, type ParameterType, typeOfLineValue, typeOfParameter } from "./raw-config.ts"
import type { RawConfig } from "./raw-config-type.ts"

/**
 * What a plugin gets of a flattened config that `rawConfigProblem` found nothing wrong with
 * (contracts/provisioning.md, section 5): every value of its own type, defaults applied, lines completed with the
 * global values, the Accent and the XiVO spelling of a name both there, control characters taken out.
 */
export const completeRawConfig = (flattened: JsonObject, httpBaseUrl: string): RawConfig => {
  const given = Object.fromEntries(
    Object.entries(flattened).map(([name, value]) => [name, typed(typeOfParameter(name), name, value)])
  )
  const globals = { ...given, ...bothSpellings(given) }
  const complete = {
    ...globals,
    http_base_url: clean(httpBaseUrl).replace(/\/+$/, ""),
    syslog_port: own(globals, "syslog_port") ?? 514,
    syslog_level: own(globals, "syslog_level") ?? "warning",
    sip_registrar_ip: own(globals, "sip_registrar_ip") ?? own(globals, "sip_proxy_ip") ?? null,
    sip_srtp_mode: own(globals, "sip_srtp_mode") ?? "disabled",
    sip_transport: own(globals, "sip_transport") ?? "udp",
    sip_lines: mapEntries(own(globals, "sip_lines"), (line) => completeLine(line, globals)),
    sccp_call_managers: mapEntries(own(globals, "sccp_call_managers"), completeManager),
    funckeys: mapEntries(own(globals, "funckeys"), completeKey),
    X_xivo_phonebook_scheme: own(globals, "X_xivo_phonebook_scheme") ?? "http",
    X_xivo_phonebook_port: own(globals, "X_xivo_phonebook_port") ?? 9498
  }
  // Every value was checked by `rawConfigProblem` and has its type now.
  return complete as unknown as RawConfig
}

/** A line break would let a value add lines of its own to a phone's file. */
const clean = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, "")

const certificates: ReadonlySet<string> = new Set([
  "sip_servers_root_and_intermediate_certificates",
  "sip_local_root_and_intermediate_certificates",
  "sip_local_certificate",
  "sip_local_key"
])

const typed = (type: ParameterType | undefined, name: string, value: Json): Json => {
  if (value === null) return null
  if (certificates.has(name)) return isList(value) ? value.map(String) : String(value)
  switch (type) {
    case "integer":
      return asInteger(value) ?? null
    case "boolean":
      return asBoolean(value) ?? null
    case "string":
      return clean(String(value))
    default:
      return cleaned(value)
  }
}

/** A value of any form without control characters in its texts. */
const cleaned = (value: Json): Json => {
  if (typeof value === "string") return clean(value)
  if (isList(value)) return value.map(cleaned)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), cleaned(inner)]))
}

const bothSpellings = (given: JsonObject): JsonObject =>
  Object.fromEntries(
    ["phonebook_ip", "user_uuid"].flatMap((name) => {
      const xivo = own(given, `X_xivo_${name}`)
      const accent = own(given, `X_accent_${name}`)
      const value = xivo ?? accent
      return value === undefined || value === null
        ? []
        : [
            [`X_xivo_${name}`, xivo ?? value],
            [`X_accent_${name}`, accent ?? value]
          ]
    })
  )

const mapEntries = (entries: Json | undefined, complete: (entry: JsonObject) => JsonObject): JsonObject =>
  isObject(entries)
    ? Object.fromEntries(
        Object.entries(entries).flatMap(([key, entry]) => (isObject(entry) ? [[key, complete(entry)]] : []))
      )
    : {}

const completeLine = (line: JsonObject, globals: JsonObject): JsonObject => {
  const given = Object.fromEntries(
    Object.entries(line).map(([name, value]) => [name, typed(typeOfLineValue(name), name, value)])
  )
  const orGlobal = (name: string, globalName = `sip_${name}`): Json =>
    own(given, name) ?? own(globals, globalName) ?? null
  const proxy = orGlobal("proxy_ip")
  return {
    ...given,
    ...Object.fromEntries(globalLineValues.map((name) => [name, orGlobal(name)])),
    proxy_ip: proxy,
    registrar_ip: own(given, "registrar_ip") ?? own(globals, "sip_registrar_ip") ?? proxy,
    auth_username: own(given, "auth_username") ?? own(given, "username") ?? null,
    voicemail: orGlobal("voicemail", "exten_voicemail")
  }
}

/** Values of a line that come from the global one of the same name, with `sip_` before it. */
const globalLineValues = [
  "proxy_port",
  "backup_proxy_ip",
  "backup_proxy_port",
  "registrar_port",
  "backup_registrar_ip",
  "backup_registrar_port",
  "outbound_proxy_ip",
  "outbound_proxy_port",
  "dtmf_mode",
  "srtp_mode"
]

const completeManager = (manager: JsonObject): JsonObject => ({
  ...manager,
  ip: String(own(manager, "ip") ?? ""),
  port: asInteger(own(manager, "port")) ?? null
})

const completeKey = (key: JsonObject): JsonObject => {
  const value = textOrNull(own(key, "value"))
  return { ...key, value, label: textOrNull(own(key, "label")) ?? value, line: textOrNull(own(key, "line")) }
}

const textOrNull = (value: Json | undefined): string | null =>
  value === undefined || value === null ? null : String(value)

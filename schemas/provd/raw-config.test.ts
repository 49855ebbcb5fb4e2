import { assert, describe, it } from "@effect/vitest"
import { completeRawConfig } from "./complete-raw-config.ts"
import type { JsonObject } from "./device.ts"
import { incompleteRawConfig, rawConfigProblem } from "./raw-config.ts"

const accepted = (raw: JsonObject) => assert.isUndefined(rawConfigProblem(raw), JSON.stringify(raw))
const refused = (raw: unknown) => assert.isString(rawConfigProblem(raw), JSON.stringify(raw))

describe("what a raw config may hold (section 5)", () => {
  it("names of the contract and those that begin with X_, no others", () => {
    accepted({ ip: "1.2.3.4", X_own: { anything: [null] }, X_: 1 })
    for (const name of ["_comment", "XX_derived", "x_own", "Ip", "__proto__", "constructor", ""]) {
      refused(JSON.parse(`{${JSON.stringify(name)}: 1}`))
    }
    for (const other of [null, [], "text", 5]) refused(other)
  })

  it("null for every value but syslog_port, syslog_level, sip_lines, sccp_call_managers, funckeys and their entries", () => {
    accepted({
      ip: null,
      http_port: null,
      dns_enabled: null,
      vlan_id: null,
      timezone: null,
      locale: null,
      protocol: null,
      sip_dtmf_mode: null,
      sip_srtp_mode: null,
      sip_servers_root_and_intermediate_certificates: null,
      X_key: null
    })
    for (const name of ["syslog_port", "syslog_level", "sip_lines", "sccp_call_managers", "funckeys"]) {
      refused({ [name]: null })
    }
    for (const name of ["sip_lines", "sccp_call_managers", "funckeys"]) refused({ [name]: { "1": null } })
    accepted({ sip_lines: { "1": { username: null, proxy_port: null, dtmf_mode: null } } })
  })

  it("numeric strings for numbers, words for switches, numbers for texts", () => {
    accepted({ http_port: "8667", vlan_id: "5", ip: 5, admin_password: 1234, config_version: 1 })
    for (const word of ["yes", "no", "on", "off", "true", "false", "1", "0", 1, 0, true, "True", "OFF"]) {
      accepted({ sip_subscribe_mwi: word })
    }
    for (const word of ["maybe", "", 2, {}, []]) refused({ sip_subscribe_mwi: word })
    for (const port of ["x", "", 1.5, "1.5", true, {}]) refused({ http_port: port })
    for (const text of [true, {}, []]) refused({ ip: text })
  })

  it("what a switch needs", () => {
    accepted({ dns_enabled: false, ntp_enabled: "no", vlan_enabled: 0, syslog_enabled: null })
    accepted({ dns_enabled: true, dns_ip: "1.1.1.1", vlan_enabled: true, vlan_id: 0 })
    for (const name of ["dns", "ntp", "vlan", "syslog"]) {
      refused({ [`${name}_enabled`]: true })
      refused({ [`${name}_enabled`]: "on", [name === "vlan" ? "vlan_id" : `${name}_ip`]: null })
    }
  })

  it("VLAN ids and priorities in their ranges", () => {
    for (const name of ["vlan_id", "vlan_pc_port_id"]) {
      accepted({ [name]: 0 })
      accepted({ [name]: 4094 })
      refused({ [name]: -1 })
      refused({ [name]: "4095" })
    }
    accepted({ vlan_priority: 7 })
    refused({ vlan_priority: 8 })
  })

  it("zones that exist, locales that begin well, and the words of each choice", () => {
    accepted({ timezone: "America/Montreal", locale: "fr_FRxx", protocol: "SCCP", sip_transport: "tls" })
    accepted({ timezone: "" })
    for (const zone of ["Mars/Olympus", "+01:00", "../etc/passwd"]) refused({ timezone: zone })
    for (const locale of ["fr", "FR_fr", "fr-FR", ""]) refused({ locale })
    refused({ protocol: "sip" })
    refused({ sip_transport: "sctp" })
    refused({ sip_dtmf_mode: "inband" })
    refused({ sip_srtp_mode: "" })
    refused({ syslog_level: "notice" })
  })

  it("lines with free names, checked known ones; managers with numbered priorities and an ip", () => {
    accepted({ sip_lines: { "1": { anything: [1] }, main: { proxy_port: "5060" } } })
    refused({ sip_lines: { "1": { proxy_port: "sip" } } })
    refused({ sip_lines: { "1": { dtmf_mode: "x" } } })
    refused({ sip_lines: [] })
    accepted({ sccp_call_managers: { "1": { ip: "1.2.3.4", port: 2000 } } })
    refused({ sccp_call_managers: { first: { ip: "1.2.3.4" } } })
    refused({ sccp_call_managers: { "1": { port: 2000 } } })
    refused({ sccp_call_managers: { "1": { ip: null } } })
  })

  it("function keys numbered from 1, with a type, and a value where the type needs one", () => {
    accepted({ funckeys: { "1": { type: "park" }, "20": { type: "blf", value: 101, label: null, line: 1 } } })
    for (const key of [
      { value: "1" },
      { type: "blf" },
      { type: "speeddial", value: "" },
      { type: "dtmf", value: "1" }
    ]) {
      refused({ funckeys: { "1": key } })
    }
    refused({ funckeys: { "0": { type: "park" } } })
    refused({ funckeys: { a: { type: "park" } } })
  })

  it("certificates as lists of texts", () => {
    accepted({ sip_servers_root_and_intermediate_certificates: ["-----BEGIN"] })
    refused({ sip_servers_root_and_intermediate_certificates: "-----BEGIN" })
    refused({ sip_local_root_and_intermediate_certificates: [{}] })
  })

  it("a problem names the parameter and never its value", () => {
    assert.match(rawConfigProblem({ admin_password: ["hunter2"] }) ?? "", /admin_password/)
    assert.notMatch(rawConfigProblem({ admin_password: ["hunter2"] }) ?? "", /hunter2/)
  })

  it("a phone cannot be configured with a line that no proxy is known for", () => {
    const lines = { sip_lines: { "1": { username: "a" } } }
    assert.isString(incompleteRawConfig(lines))
    assert.isUndefined(incompleteRawConfig({ ...lines, sip_proxy_ip: "1.2.3.4" }))
    assert.isUndefined(incompleteRawConfig({ sip_lines: { "1": { proxy_ip: "1.2.3.4" } } }))
    accepted(lines)
  })
})

describe("what plugins get", () => {
  const complete = (raw: JsonObject) => completeRawConfig(raw, "http://provd.example/")

  it("every value of its own type, and the defaults", () => {
    const config = complete({ http_port: "8667", ntp_enabled: "yes", admin_password: 12, vlan_id: null })
    assert.deepInclude(config, {
      http_base_url: "http://provd.example",
      http_port: 8667,
      ntp_enabled: true,
      admin_password: "12",
      vlan_id: null,
      syslog_port: 514,
      syslog_level: "warning",
      sip_srtp_mode: "disabled",
      sip_transport: "udp",
      sip_lines: {},
      sccp_call_managers: {},
      funckeys: {},
      X_xivo_phonebook_scheme: "http",
      X_xivo_phonebook_port: 9498
    })
  })

  it("lines completed with the global values; a line's own value wins", () => {
    const { sip_lines } = complete({
      sip_proxy_ip: "1.1.1.1",
      sip_proxy_port: "5060",
      sip_dtmf_mode: "SIP-INFO",
      sip_srtp_mode: "required",
      exten_voicemail: "*98",
      sip_lines: {
        "1": { username: "a", password: "p" },
        "2": {
          proxy_ip: "2.2.2.2",
          auth_username: "b2",
          dtmf_mode: "RTP-in-band",
          voicemail: "*97",
          own: "x"
        }
      }
    })
    assert.deepInclude(sip_lines["1"], {
      proxy_ip: "1.1.1.1",
      proxy_port: 5060,
      registrar_ip: "1.1.1.1",
      auth_username: "a",
      dtmf_mode: "SIP-INFO",
      srtp_mode: "required",
      voicemail: "*98"
    })
    const second: object = sip_lines["2"] ?? {}
    assert.deepInclude(second, {
      proxy_ip: "2.2.2.2",
      registrar_ip: "2.2.2.2",
      auth_username: "b2",
      dtmf_mode: "RTP-in-band",
      voicemail: "*97",
      own: "x"
    })
    const { sip_lines: registered } = complete({
      sip_registrar_ip: "3.3.3.3",
      sip_lines: { "1": { proxy_ip: "2.2.2.2" } }
    })
    assert.strictEqual(registered["1"]?.registrar_ip, "3.3.3.3")
  })

  it("a key's label is its value where none was given", () => {
    const { funckeys } = complete({ funckeys: { "1": { type: "blf", value: 101, label: null, line: 1 } } })
    assert.deepEqual(funckeys["1"], { type: "blf", value: "101", label: "101", line: "1" })
  })

  it("both spellings of a name", () => {
    assert.deepInclude(complete({ X_accent_user_uuid: "u", X_xivo_phonebook_ip: "p" }), {
      X_xivo_user_uuid: "u",
      X_accent_user_uuid: "u",
      X_accent_phonebook_ip: "p"
    })
  })

  it("no control character in any text, but in certificates", () => {
    const config = complete({
      admin_username: "a\nb\u0000\u0085",
      X_own: { "k\n": ["v\r\n"] },
      sip_lines: { "1": { username: "u\nv", own: "x\ty" } },
      funckeys: { "1": { type: "blf", value: "1", label: "l\nm" } },
      sip_local_key: "-----BEGIN\nKEY"
    })
    assert.strictEqual(config.admin_username, "ab")
    assert.deepEqual(config["X_own"], { k: ["v"] })
    const line: object = config.sip_lines["1"] ?? {}
    assert.deepInclude(line, { username: "uv", own: "xy" })
    assert.strictEqual(config.funckeys["1"]?.label, "lm")
    assert.strictEqual(config.sip_local_key, "-----BEGIN\nKEY")
  })
})

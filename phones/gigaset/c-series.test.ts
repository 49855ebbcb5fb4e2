import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { support, type SynchronizeTools } from "../../schemas/provd/phone-plugin.ts"
import { device, fullConfig, loaded, minimalConfig, nullConfig, request } from "../kit/fixture.ts"
import { gigasetC } from "./c-series.ts"

const plugin = loaded(gigasetC, join(import.meta.dirname, "templates"))
const vendor = "Gigaset"

/** A base that lets in who knows its PIN, and what was written into its forms. */
class Base {
  readonly forms: Array<readonly [page: string, form: Readonly<Record<string, string>>]> = []
  readonly #pin: string
  #session = 0

  constructor(pin = "0000") {
    this.#pin = pin
  }

  get loggedIn(): boolean {
    return this.#session > 0
  }

  readonly tools: SynchronizeTools = {
    notify: () => Promise.reject(new Error("these bases take no NOTIFY")),
    signal: new AbortController().signal,
    fetch: (input, init) => Promise.resolve(this.#answer(new URL(String(input)), init ?? {}))
  }

  #answer(url: URL, init: RequestInit): Response {
    assert.strictEqual(url.host, "192.0.2.77")
    const form = Object.fromEntries(new URLSearchParams(String(init.body ?? "")))
    const page = `${url.pathname}${url.search}`.slice(1)
    if (page === "login.html") return this.#logIn(form)
    if (new Headers(init.headers).get("cookie") !== `session=${this.#session}`)
      return new Response("", { status: 403 })
    if (page === "logout.html") this.#session = 0
    if (init.method === "POST") this.forms.push([page, form])
    return new Response(page === "status_device.html" ? "MAC address: 80:5E:C0:AA:BB:CC" : "ok")
  }

  #logIn({ password }: Record<string, string>): Response {
    if (password !== this.#pin) return new Response("wrong")
    this.#session = 4711
    const headers = { location: "/home.html", "set-cookie": `session=${this.#session}; path=/` }
    return new Response("", { status: 302, headers })
  }
}

const synchronize = async (model: string, config: typeof fullConfig, base: Base, own: object = {}) => {
  await plugin.synchronize?.({ ...device({ vendor, model }), ...own }, config, base.tools)
  return new Map(base.forms)
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    (error: unknown) => String(error)
  )

describe("what a C470 or its kin says of itself over DHCP", () => {
  it.each([
    ["C470IP", "C470 IP"],
    ["C470_IP", "C470 IP"],
    ["S675IP", "S675 IP"],
    ["S675_IP", "S675 IP"],
    ["C590_IP", "C590 IP"],
    ["C610_IP", "C610 IP"]
  ])("%s", (vendorClass, model) => {
    const asked = request({ protocol: "dhcp", path: "", options: { 60: vendorClass } })
    assert.deepStrictEqual(plugin.extract?.(asked), { vendor, model })
  })

  it("is nothing for other phones", () => {
    assert.isUndefined(
      plugin.extract?.(request({ protocol: "dhcp", options: { 60: "Gigaset_N720_DM_PRO" } }))
    )
    assert.isUndefined(plugin.extract?.(request({ userAgent: "C470IP" })))
  })
})

describe("how well the plugin for the C470 and its kin suits", () => {
  it.each([
    [{ vendor, model: "C470 IP" }, support.complete],
    [{ vendor, model: "N510 IP PRO" }, support.unknown],
    [{ vendor: "Snom", model: "M700" }, support.improbable]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

describe("a C470 or its kin", () => {
  it("has no files, and is not configured without an address", () => {
    assert.deepStrictEqual(plugin.deviceFiles?.(device({ vendor, model: "C470 IP" }), fullConfig), [])
    assert.throws(() => plugin.deviceFiles?.({ ...device(), ip: null }, fullConfig), /IP address/)
  })

  it("gets accounts, mailboxes and the time through its forms, and is left logged out", async () => {
    const base = new Base()
    const forms = await synchronize("C470 IP", fullConfig, base)
    const first = forms.get("settings_telephony_voip.html?id=0")
    assert.include(first, {
      account_id: "0",
      sip_login_id: "auth1",
      sip_user_id: "user1",
      sip_password: "secret1",
      sip_password_2: "secret1",
      sip_display_name: "Alice Martin 1",
      sip_domain: "192.0.2.10",
      sip_server: "192.0.2.10",
      sip_server_port: "5060",
      sip_registrar: "192.0.2.10"
    })
    assert.include(forms.get("settings_telephony_voip.html?id=1"), {
      sip_server_port: "5070",
      outbound_mode: "0",
      outbound_proxy: "192.0.2.12",
      outbound_port: "5072"
    })
    assert.deepStrictEqual(forms.get("settings_telephony_voip.html?id=2"), {
      account_id: "2",
      do_delete: "1"
    })
    assert.include(forms.get("settings_telephony_am.html"), { ad1_0: "*98", ad2_0: "on", ad1_2: "" })
    assert.include(forms.get("settings_admin_special.html"), { use_ntp: "1", timeserver: "192.0.2.123" })
    assert.isFalse(base.loggedIn)
  })

  it("keeps its other lines where it is a C590", async () => {
    const forms = await synchronize("C590 IP", fullConfig, new Base())
    assert.isTrue(forms.has("settings_telephony_voip.html?id=1"))
    assert.isFalse(forms.has("settings_telephony_voip.html?id=2"))
    assert.isTrue(forms.has("settings_management_date_n_time.html"))
  })

  it("takes a config that says little", async () => {
    for (const config of [minimalConfig, nullConfig]) {
      for (const [, form] of await synchronize("C470 IP", config, new Base()))
        assert.notInclude(Object.values(form), "null")
    }
  })

  it("is left alone when it has another PIN, and when another base has its address", async () => {
    const locked = new Base("1234")
    assert.match(await messageOf(synchronize("C470 IP", fullConfig, locked)), /does not take the PIN/)
    const other = new Base()
    const work = synchronize("C470 IP", fullConfig, other, { mac: "80:5e:c0:00:00:01" })
    assert.match(await messageOf(work), /another base/)
    assert.isEmpty(other.forms)
    assert.isFalse(other.loggedIn)
  })
})

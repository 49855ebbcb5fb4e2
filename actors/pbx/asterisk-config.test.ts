import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AppConfig } from "../../runtime/config.ts"
import {
  type AsteriskConfigData,
  asteriskConfig,
  asteriskFiles,
  type QueueDefinition
} from "./asterisk-config.ts"

const queue: QueueDefinition = {
  name: "sales",
  label: "Sales; all of them",
  enabled: true,
  musicOnHold: "jazz",
  options: [
    ["strategy", "rrmemory"],
    ["timeout", "15"]
  ]
}

const textOf = (name: string, data: Partial<AsteriskConfigData> = {}): string => {
  const files = asteriskFiles({
    manager: { username: "accent_amid", secret: "s3cret" },
    agi: { host: "127.0.0.1", port: 4573 },
    queues: [queue],
    ...data
  })
  return files.find((file) => file.name === name)?.text ?? ""
}

/** As Asterisk reads it: sections with their settings, comments gone. */
const sections = (text: string): ReadonlyMap<string, ReadonlyArray<readonly [string, string]>> => {
  const found = new Map<string, Array<readonly [string, string]>>()
  let section: Array<readonly [string, string]> = []
  for (const line of text.split("\n")) {
    const bare = line
      .replace(/(?<!\\);.*$/, "")
      .replaceAll("\\;", ";")
      .trim()
    const name = /^\[([^\]]+)\]$/.exec(bare)?.[1]
    if (name !== undefined) found.set(name, (section = []))
    else if (bare !== "") {
      const [, key = "", value = ""] = /^([^=]*?)\s*=>?\s*(.*)$/.exec(bare) ?? []
      section.push([key, value])
    }
  }
  return found
}

describe("the manager user", () => {
  it("may do and hear what Strowger needs, from this machine, and no more", () => {
    const user = new Map(sections(textOf("manager.d/strowger.conf")).get("accent_amid"))
    assert.strictEqual(user.get("secret"), "s3cret")
    assert.strictEqual(user.get("permit"), "127.0.0.1/255.255.255.255")
    assert.strictEqual(user.get("read"), "system,call,agent,user")
    assert.strictEqual(user.get("write"), "agent,user,command,call,originate,reporting")
  })

  it("a secret with a semicolon is not cut short", () => {
    const text = textOf("manager.d/strowger.conf", { manager: { username: "u", secret: "a;b\nread=all" } })
    const user = sections(text).get("u") ?? []
    assert.strictEqual(new Map(user).get("secret"), "a;b read=all")
    assert.strictEqual(user.filter(([key]) => key === "read").length, 1)
  })
})

describe("the dialplan", () => {
  it("asks Strowger for the device of Local/id-<agent id>@agentcallback and dials it", () => {
    const text = textOf("strowger-extensions.conf")
    assert.include(text, "[agentcallback]")
    assert.include(text, "exten => _id-X!,1,AGI(agi://127.0.0.1:4573/agent?id=${FILTER(0-9,${EXTEN:3})})")
    assert.include(text, "Dial(${STROWGER_AGENT_DEVICE})")
  })

  it.each([
    ["0.0.0.0", "agi://127.0.0.1:4574/"],
    ["10.0.0.5", "agi://10.0.0.5:4574/"],
    ["fd00::5", "agi://[fd00::5]:4574/"]
  ])("finds a listener on %s at %s", (host, url) => {
    assert.include(textOf("strowger-extensions.conf", { agi: { host, port: 4574 } }), url)
  })

  it("says so when the listener is off", () => {
    assert.include(
      textOf("strowger-extensions.conf", { agi: { host: "127.0.0.1", port: 0 } }),
      "STROWGER_AGI_PORT is 0"
    )
  })
})

describe("the queues", () => {
  it("each is a section with its options and its music", () => {
    const found = sections(textOf("strowger-queues.conf", { queues: [queue, { ...queue, name: "support" }] }))
    assert.deepStrictEqual([...found.keys()], ["sales", "support"])
    assert.deepStrictEqual(found.get("sales"), [
      ["musicclass", "jazz"],
      ["strategy", "rrmemory"],
      ["timeout", "15"]
    ])
  })

  it("an option wins over the music of the queue; a disabled queue is left out", () => {
    const own: QueueDefinition = { ...queue, options: [["musicclass", "rock"]] }
    const text = textOf("strowger-queues.conf", {
      queues: [own, { ...queue, name: "closed", enabled: false }]
    })
    assert.deepStrictEqual([...sections(text)], [["sales", [["musicclass", "rock"]]]])
    assert.include(text, "; closed is disabled")
  })

  it("no option can open a section, a comment or a directive", () => {
    const hostile: QueueDefinition = {
      ...queue,
      label: "--\n[evil]\n#exec rm",
      musicOnHold: null,
      options: [
        ["context", "a;b"],
        ["announce", "x\n[evil]"],
        ["#include", "/etc/passwd"],
        ["[evil]", ""],
        ["a = b\n", "c"]
      ]
    }
    const text = textOf("strowger-queues.conf", { queues: [hostile] })
    assert.deepStrictEqual([...sections(text)], [["sales", [["context", "a;b"]]]])
    assert.isFalse(text.split("\n").some((line) => line.startsWith("#")))
  })
})

describe("the configuration of a running system", () => {
  it.effect("has its queues and the secret of the knob", () =>
    Effect.gen(function* () {
      const hotline = {
        name: "hotline",
        label: "Hotline",
        enabled: true,
        musicOnHold: null,
        options: [["strategy", "linear"] as const]
      }
      const text = yield* asteriskConfig([hotline])
      assert.include(text, "; Hotline\n[hotline]\nstrategy = linear\n")
      assert.include(text, "secret = from-the-knob\n")
      for (const name of ["manager.d/strowger.conf", "strowger-extensions.conf", "strowger-queues.conf"]) {
        assert.include(text, `; ---- ${name} ----`)
      }
    }).pipe(Effect.provide(AppConfig.layerFrom({ STROWGER_AMI_SECRET: "from-the-knob" })))
  )
})

describe("phones without a line", () => {
  const autoprov = { username: "ap12cd56ef", password: "pass;word" }

  it("have an account whose calls go to the provisioning codes, and the manager may tell phones", () => {
    const text = textOf("strowger-pjsip.conf", { autoprov })
    assert.deepStrictEqual(text.match(/^\[ap12cd56ef\]$/gm)?.length, 3)
    assert.match(text, /^type = endpoint\ncontext = strowger-autoprov$/m)
    assert.match(text, /^password = pass\\;word$/m)
    const dialplan = textOf("strowger-extensions.conf", { autoprov })
    assert.include(dialplan, "AGI(agi://127.0.0.1:4573/provision,${EXTEN},${CHANNEL(pjsip,remote_addr)})")
    assert.include(dialplan, "[strowger-autoprov]\nexten => _XXXXXX,1,Answer()")
    assert.include(dialplan, "/provision,autoprov,${CHANNEL(pjsip,remote_addr)}")
    const user = new Map(sections(textOf("manager.d/strowger.conf", { autoprov })).get("accent_amid"))
    assert.strictEqual(user.get("write"), "system,agent,user,command,call,originate,reporting")
  })

  it("are told at their addresses, through an endpoint that takes no caller", () => {
    const sip = sections(textOf("strowger-pjsip.conf", { autoprov }))
    assert.deepStrictEqual(sip.get("default_outbound_endpoint"), [
      ["type", "endpoint"],
      ["identify_by", "ip"]
    ])
  })

  it("are left out where there is no such account", () => {
    assert.strictEqual(textOf("strowger-pjsip.conf"), "")
    assert.notInclude(textOf("strowger-extensions.conf"), "provision")
  })
})

import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AmiUnavailable } from "../../runtime/ami/ami.ts"
import { ReceivedMessage } from "../../runtime/ami/message.ts"
import { readDialogue } from "../../runtime/ami/recordings.ts"
import type { SipNotify } from "../../schemas/provd/phone-plugin.ts"
import { testDatabaseLayer } from "../../test/database.ts"
import { AmiActions } from "../ami-session/actions.ts"
import { Devices } from "./devices.ts"
import { macAt, makeWorkshop, north, provisioningLayer, toyPlugin } from "./fixture.ts"
import { notifyHeaders, type NotifyTarget, PhoneNotifier } from "./phone-notifier.ts"

const { synchronize: _, ...mute } = toyPlugin({ id: "mute" })
const workshop = makeWorkshop(toyPlugin(), mute)

layer(provisioningLayer(workshop).pipe(Layer.provideMerge(testDatabaseLayer)), {
  timeout: "60 seconds",
  excludeTestServices: true
})("synchronize (section 11)", (it) => {
  let last = 0
  const make = (more: Record<string, string | null>) =>
    Effect.flatMap(Devices, (devices) =>
      devices.create(north, { mac: macAt(++last), plugin: "toy", config: "autoprov", ...more })
    )
  const synchronized = (id: string) =>
    Effect.gen(function* () {
      const devices = yield* Devices
      workshop.notified.length = 0
      const result = yield* Effect.result(devices.synchronize(north, id))
      if (result._tag === "Failure")
        return result.failure._tag === "CannotSynchronize" ? result.failure.reason : ""
      return workshop.notified.map(({ target }) => target)
    })

  it.effect("by its endpoint when its account is known", () =>
    Effect.gen(function* () {
      const { id } = yield* make({ remote_state_sip_username: "abcd1234", ip: "10.0.0.1" })
      assert.deepEqual(yield* synchronized(id), [{ endpoint: "abcd1234" }])
    })
  )

  it.effect("never by the account that all phones without a line share: by its address then", () =>
    Effect.gen(function* () {
      const { id } = yield* make({ remote_state_sip_username: "ap12345678", ip: "10.0.0.2" })
      assert.deepEqual(yield* synchronized(id), [{ address: "10.0.0.2" }])
      const longer = yield* make({ remote_state_sip_username: "ap123456789", ip: "10.0.0.3" })
      assert.deepEqual(yield* synchronized(longer.id), [{ endpoint: "ap123456789" }])
    })
  )

  it.effect(
    "not at all without either, behind an address of several, not configured, or without support",
    () =>
      Effect.gen(function* () {
        assert.isString(yield* synchronized((yield* make({})).id))
        yield* make({ ip: "10.0.0.4" })
        assert.isString(yield* synchronized((yield* make({ ip: "10.0.0.4" })).id))
        assert.isString(yield* synchronized((yield* make({ ip: "10.0.0.5", plugin: "nobodys" })).id))
        assert.isString(yield* synchronized((yield* make({ ip: "10.0.0.6", plugin: "mute" })).id))
        assert.lengthOf(workshop.notified, 0)
      })
  )

  it.effect("not when the NOTIFY cannot be sent: the reason is told", () =>
    Effect.gen(function* () {
      const { id } = yield* make({ ip: "10.0.0.7" })
      workshop.away = true
      assert.strictEqual(yield* synchronized(id), "no AMI session")
      workshop.away = false
      assert.deepEqual(yield* synchronized(id), [{ address: "10.0.0.7" }])
    })
  )
})

describe("a NOTIFY by Asterisk", () => {
  it("names the endpoint or the address, then the event and the body line by line", () => {
    assert.deepEqual(notifyHeaders({ endpoint: "abcd" }, { event: "check-sync;reboot=false" }), [
      ["Endpoint", "abcd"],
      ["Variable", "Event=check-sync;reboot=false"]
    ])
    assert.deepEqual(
      notifyHeaders(
        { address: "2001:db8::1" },
        { event: "service-control", contentType: "text/plain", body: ["action=restart", "x=1"] }
      ),
      [
        ["URI", "sip:anonymous@[2001:db8::1]"],
        ["Variable", "Event=service-control"],
        ["Variable", "Content-Type=text/plain"],
        ["Variable", "Content=action=restart"],
        ["Variable", "Content=x=1"]
      ]
    )
  })

  const notifying = (
    run: AmiActions["Service"]["run"],
    target: NotifyTarget = { address: "10.0.0.1" },
    notify: SipNotify = { event: "check-sync" }
  ) =>
    Effect.flatMap(PhoneNotifier, (notifier) => Effect.result(notifier.notify(target, notify))).pipe(
      Effect.provide(
        PhoneNotifier.layerAmi.pipe(Layer.provide(Layer.succeed(AmiActions, { run, where: "" })))
      )
    )
  const answered = (text: string) =>
    Effect.succeed({ response: new ReceivedMessage("response", text), events: [] })

  it.effect("is sent when Asterisk says so, and fails with Asterisk's words, or without an Asterisk", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const sent = yield* notifying(({ action, headers }) => {
        asked.push(action, ...(headers ?? []).map(([name, value]) => `${name}: ${value}`))
        return answered("Response: Success\r\nMessage: NOTIFY sent")
      })
      assert.strictEqual(sent._tag, "Success")
      assert.deepEqual(asked, ["PJSIPNotify", "URI: sip:anonymous@10.0.0.1", "Variable: Event=check-sync"])
      const refused = yield* notifying(() =>
        answered("Response: Error\r\nMessage: Unable to retrieve endpoint")
      )
      assert.strictEqual(refused._tag === "Failure" && refused.failure.reason, "Unable to retrieve endpoint")
      const away = yield* notifying(() =>
        Effect.fail(new AmiUnavailable({ message: "no AMI session", sent: false }))
      )
      assert.strictEqual(away._tag === "Failure" && away.failure.reason, "no AMI session")
    })
  )

  const restart: SipNotify = {
    event: "service-control",
    contentType: "text/plain",
    body: [
      "action=restart",
      "RegisterCallId={}",
      "ConfigVersionStamp={0000000000000000}",
      "DialplanVersionStamp={0000000000000000}",
      "SoftkeyVersionStamp={0000000000000000}"
    ]
  }
  // Each arrived at the phone as it stands here, where a phone was registered.
  const recorded: ReadonlyArray<readonly [NotifyTarget, SipNotify, outcome: string]> = [
    [{ endpoint: "line-1001" }, { event: "check-sync" }, "sent"],
    [{ endpoint: "line-1001" }, { event: "check-sync;reboot=false" }, "sent"],
    [{ endpoint: "line-1001" }, restart, "sent"],
    [
      { endpoint: "line-1001" },
      {
        event: "check-sync;reboot=false",
        contentType: "text/plain",
        body: ['a=1,b="two" \\ (x [y', "", " lead", "tail "]
      },
      "sent"
    ],
    [{ address: "127.0.0.20" }, { event: "check-sync;reboot=true" }, "sent"],
    [{ address: "127.0.0.20" }, restart, "sent"],
    [{ endpoint: "nobody" }, { event: "check-sync" }, "Unable to retrieve endpoint nobody"]
  ]

  it.effect("is what an Asterisk took that was recorded, with commas, quotes and backslashes in it", () =>
    Effect.forEach(
      recorded,
      Effect.fnUntraced(function* ([target, notify, outcome], index) {
        const { sent, received } = readDialogue("phone-notify")[index] ?? { sent: [], received: [] }
        const asked: Array<string> = []
        const result = yield* notifying(
          ({ action, headers }) => {
            asked.push(`Action: ${action}`, ...(headers ?? []).map(([name, value]) => `${name}: ${value}`))
            return answered(received.join("\r\n"))
          },
          target,
          notify
        )
        assert.deepEqual(
          asked,
          sent.filter((line) => !line.startsWith("ActionID:"))
        )
        assert.strictEqual(result._tag === "Success" ? "sent" : result.failure.reason, outcome)
      })
    )
  )
})

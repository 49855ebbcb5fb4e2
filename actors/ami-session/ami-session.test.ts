import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { amiIsUp, amiSocketIs, clientWith, recordBus } from "../../test/agents.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"
import { Platform } from "../../runtime/platform.ts"

const action = "/api/amid/1.0/action"

const wire = (...lines: ReadonlyArray<string>) => `${lines.join("\r\n")}\r\n\r\n`

layer(strowgerTestLayer({ knobs: { STROWGER_AMI_AUTH_TYPE: "md5" }, pbx: { queues: [{ name: "sales" }] } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("the AMI session and the bus (7, 9.5)", (it) => {
  it.effect(
    "logs in by MD5 when the knob says so, asks for all events, and sends nothing before the answer",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        yield* amiIsUp(yield* clientWith())
        const [challenge, login] = simulator.actionsReceived()
        assert.strictEqual(challenge?.action, "Challenge")
        assert.strictEqual(login?.action, "Login")
        assert.deepEqual(
          login?.headers.filter(([name]) => name !== "ActionID"),
          [
            ["Action", "Login"],
            ["Username", "accent_amid"],
            ["AuthType", "MD5"],
            ["Key", "***"]
          ]
        )
        const ids = simulator
          .actionsReceived()
          .map(({ headers }) => headers.find(([name]) => name === "ActionID")?.[1])
        assert.notInclude(ids, undefined)
        assert.strictEqual(new Set(ids).size, ids.length)
      })
  )

  it.effect("each event is one bus event of the Service class: name unchanged, all headers as strings", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const { uuid } = yield* Platform
      const client = yield* clientWith()
      yield* amiIsUp(client)
      const heard = yield* recordBus
      yield* simulator.inject(
        Buffer.from(
          wire(
            "Event: Foo.Bar",
            "Privilege: agent,all",
            "Paused: 1",
            "PausedReason: ",
            "Text:  a: b=c ",
            "Repeated: first",
            "Repeated: last",
            "ChanVariable: ONE=1",
            "ChanVariable: TWO=a=b",
            "ChanVariable(PJSIP/x): three=3",
            "DestChanVariable: four=4"
          )
        )
      )
      const [event] = yield* eventually(
        Effect.sync(() => heard("Foo.Bar")),
        (events) => events.length === 1
      )
      assert.strictEqual(event?.routingKey, "ami.Foo__DOT__Bar")
      assert.deepEqual(event?.data, {
        Event: "Foo.Bar",
        Privilege: "agent,all",
        Paused: "1",
        PausedReason: "",
        Text: " a: b=c ",
        Repeated: "last",
        ChanVariable: { ONE: "1", TWO: "a=b" },
        "ChanVariable(PJSIP/x)": "three=3",
        DestChanVariable: "four=4"
      })
      const { timestamp, ...headers } = event?.headers ?? {}
      assert.isString(timestamp)
      assert.deepEqual(headers, {
        name: "Foo.Bar",
        origin_uuid: uuid,
        required_access: "event.Foo.Bar",
        required_acl: "events.ami.Foo__DOT__Bar"
      })
    })
  )

  it.effect(
    "events that come together are published in the order received; what is no event is dropped alone",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        yield* amiIsUp(yield* clientWith())
        const heard = yield* recordBus
        const numbers = Array.from({ length: 30 }, (_, index) => index)
        yield* simulator.inject(
          Buffer.from(
            numbers
              .map((index) => wire(`Event: Numbered`, `Index: ${index}`))
              .concat(
                wire("Event: Numbered", "ChanVariable: without equals"),
                wire("Event: Numbered", "a line without a colon"),
                wire("Something: else"),
                wire("Response: Success", "Message: nobody asked"),
                "\r\n\r\n",
                wire("Event: Numbered", "Index: last")
              )
              .join("")
          )
        )
        yield* eventually(
          Effect.sync(() => heard("Numbered").map(({ data }) => ("Index" in data ? data.Index : ""))),
          (seen) => seen.join() === [...numbers, "last"].join()
        )
        assert.deepEqual(heard("Something", "Success", ""), [])
      })
  )

  it.effect("responses and the events of a list are part of the answer, never published", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      yield* amiIsUp(client)
      simulator.addMember("sales", { interfaceName: "PJSIP/x" })
      const heard = yield* recordBus
      const { body } = yield* client.request("POST", `${action}/QueueStatus`)
      assert.isAbove((body as ReadonlyArray<unknown>).length, 3)
      yield* client.request("POST", `${action}/UserEvent`, { UserEvent: "After" })
      yield* eventually(
        Effect.sync(() => heard("UserEvent")),
        (events) => events.length === 1
      )
      assert.deepEqual(heard("QueueParams", "QueueMember", "QueueStatusComplete", "Success"), [])
    })
  )

  it.effect(
    "a UserEvent that repeats the ActionID of its action is an ordinary event, with the client's own id",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        yield* amiIsUp(client)
        const heard = yield* recordBus
        yield* client.request("POST", `${action}/UserEvent`, { UserEvent: "Plain", Key: "1" })
        yield* client.request("POST", `${action}/UserEvent`, { UserEvent: "Marked", ActionID: "mine" })
        const events = yield* eventually(
          Effect.sync(() => heard("UserEvent").map(({ data }) => data as Record<string, string>)),
          (seen) => seen.length === 2
        )
        assert.notProperty(events[0], "ActionID")
        assert.deepInclude(events[0], { UserEvent: "Plain", Key: "1" })
        assert.deepInclude(events[1], { UserEvent: "Marked", ActionID: "mine" })
      })
  )

  it.effect("after a lost connection publishing goes on with the new one", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      yield* amiIsUp(client)
      const logins = simulator.actionsReceived("Login").length
      yield* simulator.stop
      yield* amiSocketIs(client, "fail")
      yield* simulator.start()
      yield* simulator.awaitAction("Login", logins + 1)
      yield* amiIsUp(client)
      const heard = yield* recordBus
      simulator.raise("Probe", "user", [["Key", "value"]])
      yield* eventually(
        Effect.sync(() => heard("Probe")),
        (events) => events.length === 1
      )
      assert.strictEqual(simulator.loggedIn().length, 1)
    })
  )
})

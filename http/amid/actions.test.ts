import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { amiIsUp, amiSocketIs, clientWith, recordActions } from "../../test/agents.ts"
import type { Client } from "../../test/client.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

const amid = "/api/amid/1.0"

type Message = Record<string, string>

interface Problem {
  readonly message: string
  readonly error_id: string
  readonly details: Record<string, unknown>
  readonly timestamp: number
}

/** A client of the master tenant, when the AMI session is up. */
const readyClient = Effect.tap(clientWith(), amiIsUp)

const act = (client: Client, action: string, body?: unknown, headers?: Record<string, string>) =>
  client.request("POST", `${amid}/action/${action}`, body, headers)

const problemOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => {
  const problem = body as Problem
  assert.hasAllKeys(problem, ["message", "error_id", "details", "timestamp"])
  assert.isString(problem.message)
  assert.isNumber(problem.timestamp)
  return [status, problem.error_id] as const
}

layer(
  strowgerTestLayer({
    knobs: { STROWGER_AMI_ACTION_TIMEOUT: "2 seconds" },
    pbx: { queues: [{ name: "sales" }], hints: {} }
  }),
  { excludeTestServices: true, timeout: "60 seconds" }
)("AMI actions over HTTP (9.1, 9.2)", (it) => {
  it.effect(
    "values: strings as they are, numbers in decimal, True and False, null dropped, arrays repeated",
    () =>
      Effect.gen(function* () {
        const client = yield* readyClient
        const actions = yield* recordActions
        const body = `{"UserEvent": "Probe", "Text": "  a: b ", "Empty": "", "Int": 5, "Zero": 0, "Float": 1.50,
        "Big": 12345678901234567890, "Exponent": 1e3, "Small": -1e-7, "Yes": true, "No": false, "None": null,
        "Variable": ["A=1", "B=2", 3, true, null], "Nothing": [], "Zoë": "☎"}`
        const { status, body: answer } = yield* act(client, "UserEvent", body)
        assert.strictEqual(status, 200)
        assert.deepEqual(answer, [{ Response: "Success", Message: "Event Sent" }])
        assert.deepEqual(actions(), [
          [
            "UserEvent",
            "UserEvent: Probe",
            "Text:   a: b ",
            "Empty: ",
            "Int: 5",
            "Zero: 0",
            "Float: 1.50",
            "Big: 12345678901234567890",
            "Exponent: 1000",
            "Small: -0.0000001",
            "Yes: True",
            "No: False",
            "Variable: A=1",
            "Variable: B=2",
            "Variable: 3",
            "Variable: True",
            "Zoë: ☎"
          ]
        ])
      })
  )

  it.effect("a body that is absent, empty or no JSON is no parameters, in any content type", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      for (const body of [undefined, "", "{", "nonsense", "{}"]) {
        for (const contentType of ["application/json", "application/x-www-form-urlencoded", "text/plain"]) {
          const { status, body: answer } = yield* act(client, "Ping", body, { "Content-Type": contentType })
          assert.strictEqual(status, 200, body)
          assert.deepInclude((answer as ReadonlyArray<Message>)[0], { Response: "Success", Ping: "Pong" })
        }
      }
    })
  )

  it.effect("JSON that is no object, and a nested object, are 400 invalid-data, and nothing is sent", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      const actions = yield* recordActions
      for (const body of ["[]", "[1]", "null", '"x"', '""', "5", "0", "true", "false"])
        assert.deepEqual(problemOf(yield* act(client, "Ping", body)), [400, "invalid-data"], body)
      for (const body of [
        { A: {} },
        { A: { b: 1 } },
        { A: [{}] },
        { A: [["x"]] },
        { B: 1, A: [1, { c: 2 }] }
      ]) {
        const answer = yield* act(client, "Ping", body)
        assert.deepEqual(problemOf(answer), [400, "invalid-data"], JSON.stringify(body))
        assert.hasAllKeys((answer.body as Problem).details, ["A"])
      }
      assert.deepEqual(actions(), [])
    })
  )

  it.effect(
    "CR, LF or NUL in the action, a key or a value, an empty key and a colon in one: 400, nothing is sent",
    () =>
      Effect.gen(function* () {
        const client = yield* readyClient
        const actions = yield* recordActions
        const evil = ["\r\nAction: Originate", "\n", "\r", "\u0000"]
        for (const text of evil) {
          const attempts = [
            act(client, encodeURIComponent(`Ping${text}`)),
            act(client, "Ping", { Key: `value${text}` }),
            act(client, "Ping", { Key: ["fine", `value${text}`] }),
            act(client, "Ping", { [`Key${text}`]: "value" }),
            act(client, "Ping", { ActionID: `id${text}` }),
            act(client, "Ping", { Action: `Ping${text}` }),
            act(client, "Ping", { [`Key${text}`]: null }),
            act(client, "Login", { Username: `x${text}` }),
            act(client, "Command", { command: `core show version${text}` })
          ]
          for (const attempt of attempts) assert.deepEqual(problemOf(yield* attempt), [400, "invalid-data"])
        }
        for (const key of ["", "a:b", ":"])
          assert.deepEqual(
            problemOf(yield* act(client, "Ping", { [key]: "value" })),
            [400, "invalid-data"],
            key
          )
        assert.deepEqual(actions(), [])
      })
  )

  it.effect(
    "what Asterisk could not read is not sent either: a line over 1024 bytes, more than 128 headers",
    () =>
      Effect.gen(function* () {
        const client = yield* readyClient
        const actions = yield* recordActions
        assert.deepEqual(problemOf(yield* act(client, "Ping", { Key: "é".repeat(510) })), [
          400,
          "invalid-data"
        ])
        const many = Object.fromEntries(Array.from({ length: 127 }, (_, index) => [`K${index}`, "v"]))
        assert.deepEqual(problemOf(yield* act(client, "Ping", many)), [400, "invalid-data"])
        assert.deepEqual(actions(), [])
      })
  )

  it.effect("an Action or ActionID in the body changes neither what is sent nor how it is answered", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* readyClient
      const { body } = yield* act(client, "Ping", { Action: "QueueAdd", actionid: "mine" })
      assert.deepInclude((body as ReadonlyArray<Message>)[0], {
        Response: "Success",
        ActionID: "mine",
        Ping: "Pong"
      })
      const sent = simulator.actionsReceived("Ping").at(-1)?.headers ?? []
      assert.lengthOf(
        sent.filter(([name]) => name.toLowerCase() === "actionid"),
        1
      )
      assert.lengthOf(
        sent.filter(([name]) => name === "Action"),
        1
      )
    })
  )

  it.effect("the client's ActionID is echoed in all messages; without one there is none", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      for (const given of ["client-7", undefined]) {
        const { body } = yield* act(client, "QueueStatus", {
          Queue: "sales",
          ...(given ? { ActionID: given } : {})
        })
        const messages = body as ReadonlyArray<Message>
        assert.deepEqual(
          messages.map(({ ActionID }) => ActionID),
          messages.map(() => given)
        )
      }
      const { body } = yield* act(client, "Ping", { ActionID: "" })
      assert.notProperty((body as ReadonlyArray<Message>)[0], "ActionID")
    })
  )

  it.effect("a list is the response, its events in order, and its end; all values are strings", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* readyClient
      simulator.addMember("sales", { interfaceName: "PJSIP/b" })
      simulator.addMember("sales", { interfaceName: "PJSIP/a" })
      const { status, body } = yield* act(client, "QueueStatus", { Queue: "sales" })
      assert.strictEqual(status, 200)
      const messages = body as ReadonlyArray<Message>
      assert.deepEqual(messages[0], {
        Response: "Success",
        EventList: "start",
        Message: "Queue status will follow"
      })
      assert.deepEqual(
        messages.map(({ Event, Location }) => [Event, Location].join(" ").trim()),
        ["", "QueueParams", "QueueMember PJSIP/b", "QueueMember PJSIP/a", "QueueStatusComplete"]
      )
      assert.deepEqual(messages.at(-1), {
        Event: "QueueStatusComplete",
        EventList: "Complete",
        ListItems: "3"
      })
      for (const value of messages.flatMap((message) => Object.values(message))) assert.isString(value)
    })
  )

  it.effect("an AMI Response: Error is 200, an unknown action too", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      const unknown = yield* act(client, "NoSuchThing")
      assert.strictEqual(unknown.status, 200)
      assert.deepEqual(unknown.body, [
        {
          Response: "Error",
          Message:
            "Invalid/unknown command: NoSuchThing. Use Action: ListCommands to show available commands."
        }
      ])
      const refused = yield* act(client, "QueueRemove", { Queue: "sales", Interface: "PJSIP/nobody" })
      assert.deepEqual(
        [refused.status, refused.body],
        [200, [{ Response: "Error", Message: "Unable to remove interface: Not there" }]]
      )
    })
  )

  it.effect(
    "queues and command in any case but Command are 501, told after ACL and tenant and before the body",
    () =>
      Effect.gen(function* () {
        const client = yield* readyClient
        for (const action of ["queues", "Queues", "QUEUES", "command", "COMMAND", "cOMMAND"]) {
          for (const body of [{ command: "core show version" }, "[1]"]) {
            const answer = yield* act(client, action, body)
            assert.deepEqual(problemOf(answer), [501, "incompatible-action"], action)
            assert.deepEqual((answer.body as Problem).details, { action })
          }
        }
        const powerless = yield* clientWith({ acl: ["amid.action.Ping.create"] })
        assert.strictEqual((yield* act(powerless, "queues")).status, 401)
        assert.strictEqual((yield* act(yield* foreignClient("queues"), "queues")).status, 401)
      })
  )

  it.effect("checks come in order: token and ACL, master tenant, body, AMI", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      const powerless = yield* clientWith({ acl: ["!amid.#", "#"] })
      const foreign = yield* foreignClient("order")
      const { body: tenants } = yield* client.request("GET", "/api/auth/0.1/tenants")
      const master = (tenants as { items: ReadonlyArray<{ uuid: string; name: string }> }).items.find(
        ({ name }) => name === "master"
      )
      for (const [action, body] of [
        ["Ping", "[1]"],
        ["Command", "[1]"],
        ["Command", "{"],
        ["Command", { command: 5 }]
      ] as const) {
        for (const refused of [powerless, foreign]) {
          const answer = yield* act(refused, action, body)
          assert.deepEqual(problemOf(answer), [401, "unauthorized"], `${action} ${JSON.stringify(body)}`)
        }
        assert.strictEqual(
          (yield* act(foreign, action, body, { "Accent-Tenant": master?.uuid ?? "" })).status,
          401
        )
        assert.strictEqual((yield* act(client, action, body)).status, 400)
      }
      // The header narrows nothing here: the token's own tenant counts.
      const below = yield* create<{ uuid: string }>(
        client,
        "/api/auth/0.1/tenants",
        { name: "amid below" },
        200
      )
      assert.strictEqual((yield* act(client, "Ping", {}, { "Wazo-Tenant": below.uuid })).status, 200)
      assert.strictEqual((yield* act(client, "Ping", {}, { "X-Auth-Token": "unknown" })).status, 401)
      assert.strictEqual(
        (yield* act(yield* clientWith({ acl: ["amid.action.Ping.create"] }), "Ping")).status,
        200
      )
      assert.strictEqual(
        (yield* act(yield* clientWith({ acl: ["amid.action.ping.create"] }), "Ping")).status,
        401
      )
    })
  )

  it.effect("Command answers every line of output, leading spaces kept, also when the CLI failed", () =>
    Effect.gen(function* () {
      const client = yield* readyClient
      const actions = yield* recordActions
      const version = yield* act(client, "Command", {
        command: "core show version",
        other: "dropped",
        ActionID: "x"
      })
      assert.strictEqual(version.status, 200)
      assert.match((version.body as { response: ReadonlyArray<string> }).response[0] ?? "", /^Asterisk /)
      assert.deepEqual(actions(), [["Command", "Command: core show version"]])
      const queue = yield* act(client, "Command", { command: "queue show sales" })
      assert.match((queue.body as { response: ReadonlyArray<string> }).response[1] ?? "", /^ {3}(Members|No)/)
      const failed = yield* act(client, "Command", { command: "no such thing" })
      assert.strictEqual(failed.status, 200)
      assert.match((failed.body as { response: ReadonlyArray<string> }).response[0] ?? "", /^No such command/)
      const silent = yield* act(client, "Command", { command: "core show channels concise" })
      assert.deepEqual(silent.body, { response: [] })
    })
  )

  it.effect(
    "Command without a command, or with one that is null or no string, names the rule it breaks",
    () =>
      Effect.gen(function* () {
        const client = yield* readyClient
        const actions = yield* recordActions
        for (const [body, constraint_id, constraint] of [
          [{}, "required", "required"],
          ["[]", "required", "required"],
          [{ other: 1 }, "required", "required"],
          [{ command: null }, "not_null", "not_null"],
          [{ command: 5 }, "type", "string"],
          [{ command: ["a"] }, "type", "string"],
          [{ command: {} }, "type", "string"],
          [{ command: true }, "type", "string"]
        ] as const) {
          const answer = yield* act(client, "Command", body)
          assert.deepEqual(problemOf(answer), [400, "invalid-data"])
          const { command } = (answer.body as Problem).details as { command: Record<string, unknown> }
          assert.isString(command["message"])
          assert.notMatch(String(command["message"]), /got|5/)
          assert.deepEqual(
            command,
            { message: command["message"], constraint_id, constraint },
            JSON.stringify(body)
          )
        }
        for (const body of [undefined, "", "{", "nonsense", "[1]", '"x"']) {
          const answer = yield* act(client, "Command", body)
          assert.strictEqual(answer.status, 400, body)
          assert.isString((answer.body as Problem).message)
        }
        assert.deepEqual(actions(), [])
      })
  )

  it.effect("state actions (9.3) answer as clients know them", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* readyClient
      const listOf = (action: string, body?: unknown) =>
        Effect.map(act(client, action, body), (answer) => answer.body as ReadonlyArray<Message>)
      const command = (text: string) => act(client, "Command", { command: text })
      yield* command("devstate change Custom:lamp INUSE")
      yield* command("presencestate change CustomPresence:zoe away,lunch,back at 2")
      const devices = yield* listOf("DeviceStateList")
      assert.deepInclude(devices, { Event: "DeviceStateChange", Device: "Custom:lamp", State: "INUSE" })
      assert.strictEqual(devices.at(-1)?.["Event"], "DeviceStateListComplete")
      const [extension] = yield* listOf("ExtensionState", { Exten: "1", Context: "none" })
      assert.deepInclude(extension, {
        Response: "Success",
        Message: "Extension Status",
        Exten: "1",
        Context: "none"
      })
      const [presence] = yield* listOf("PresenceState", { Provider: "CustomPresence:zoe" })
      assert.deepInclude(presence, { State: "away", Subtype: "lunch", PresenceMessage: "back at 2" })
      const presences = yield* listOf("PresenceStateList")
      assert.strictEqual(presences.at(-1)?.["Event"], "PresenceStateListComplete")
      const summary = yield* listOf("QueueSummary", { Queue: "sales" })
      assert.deepInclude(summary[1], { Event: "QueueSummary", Queue: "sales" })
      assert.deepEqual(yield* listOf("DBPut", { Family: "f", Key: "k", Val: "v" }), [
        { Response: "Success", Message: "Updated database successfully" }
      ])
      const stored = yield* listOf("DBGet", { Family: "f", Key: "k" })
      assert.deepEqual(
        stored.map(({ Event, Val }) => [Event, Val]),
        [
          [undefined, undefined],
          ["DBGetResponse", "v"],
          ["DBGetComplete", undefined]
        ]
      )
      assert.deepEqual(yield* listOf("QueueRule"), [{ Response: "Success" }])
      assert.lengthOf(simulator.loggedIn(), 1)
    })
  )

  it.effect("actions on the session run on one of their own, and never harm the shared one", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* readyClient
      const shared = simulator.actionsReceived("Ping").length
      yield* act(client, "Ping")
      const { session } = simulator.actionsReceived("Ping")[shared] ?? { session: "" }
      const answer = (action: string, body?: unknown) =>
        Effect.map(act(client, action, body), ({ status, body }) => [status, body])
      assert.deepEqual(yield* answer("Logoff"), [
        200,
        [{ Response: "Goodbye", Message: "Thanks for all the fish." }]
      ])
      assert.deepEqual(yield* answer("Login", { Username: "x", Secret: "wrong" }), [
        200,
        [{ Response: "Success", Message: "Already authenticated" }]
      ])
      assert.deepEqual(yield* answer("Challenge"), [
        200,
        [{ Response: "Error", Message: "Must specify AuthType" }]
      ])
      assert.deepEqual(yield* answer("events"), [200, [{ Response: "Error", Message: "Invalid event mask" }]])
      assert.deepEqual(yield* answer("Events", { EventMask: "off" }), [
        200,
        [{ Response: "Success", Events: "Off" }]
      ])
      assert.strictEqual((yield* answer("Filter", { Operation: "Add", Filter: "!Event: .*" }))[0], 200)
      for (const name of ["Logoff", "Login", "Challenge", "Events", "Filter"]) {
        const received = simulator.actionsReceived(name).at(-1)
        assert.notStrictEqual(received?.session, session, name)
      }
      // The shared session goes on, and is alone again.
      assert.strictEqual((yield* act(client, "Ping"))["status"], 200)
      assert.strictEqual(simulator.actionsReceived("Ping").at(-1)?.session, session)
      yield* eventually(
        Effect.sync(() => simulator.loggedIn()),
        (users) => users.length === 1
      )
    })
  )

  it.effect("WaitEvent answers a Success, the waiting events, then WaitEventComplete", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* readyClient
      const before = simulator.actionsReceived("WaitEvent").length
      const [{ status, body }] = yield* Effect.all(
        [
          // Longer than an action may take otherwise.
          act(client, "WaitEvent", { Timeout: 30, ActionID: "w" }),
          Effect.andThen(
            simulator.awaitAction("WaitEvent", before + 1),
            Effect.sync(() => simulator.raise("Probe", "user", [["Key", "value"]]))
          )
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(status, 200)
      const messages = body as ReadonlyArray<Message>
      assert.deepInclude(messages[0], { Response: "Success", ActionID: "w" })
      assert.isTrue(messages.some(({ Event, Key }) => Event === "Probe" && Key === "value"))
      assert.deepEqual(messages.at(-1), { Event: "WaitEventComplete", ActionID: "w" })
      const quiet = yield* act(client, "WaitEvent", { Timeout: 0 })
      assert.deepEqual((quiet.body as ReadonlyArray<Message>).at(-1), { Event: "WaitEventComplete" })
    })
  )

  it.effect(
    "no session, one that is lost while waiting, no answer in time: 503 ajam-unreachable with its details",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* readyClient
        const unreachable = Effect.fnUntraced(function* (request: ReturnType<typeof act>) {
          const answer = yield* request
          assert.deepEqual(problemOf(answer), [503, "ajam-unreachable"])
          const { details } = answer.body as Problem
          assert.hasAllKeys(details, ["ajam_url", "original_error"])
          assert.strictEqual(details["ajam_url"], `127.0.0.1:${simulator.port}`)
          assert.isString(details["original_error"])
        })
        simulator.fault("Ping", { kind: "mute" }, 1)
        yield* unreachable(act(client, "Ping"))
        simulator.fault("Ping", { kind: "close-before-effect" }, 1)
        yield* unreachable(act(client, "Ping"))
        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        yield* unreachable(act(client, "Ping"))
        yield* unreachable(act(client, "Command", { command: "core show version" }))
        yield* unreachable(act(client, "Login"))
        // What is wrong with the request is told first.
        for (const body of [{ A: {} }, { "": "x" }, { A: "\n" }, { A: "x".repeat(2_000) }])
          assert.strictEqual((yield* act(client, "Ping", body)).status, 400)
        assert.strictEqual((yield* act(client, encodeURIComponent("Ping\r\n"))).status, 400)
        assert.strictEqual((yield* act(client, "Command", { command: "a\nb" })).status, 400)
        assert.strictEqual((yield* act(client, "queues")).status, 501)
        yield* simulator.start()
        yield* amiIsUp(client)
        assert.strictEqual((yield* act(client, "Ping")).status, 200)
      })
  )
})

/** Has every right, in a tenant below the master. */
const foreignClient = Effect.fnUntraced(function* (name: string) {
  const master = yield* clientWith()
  const { uuid } = yield* create<{ uuid: string }>(
    master,
    "/api/auth/0.1/tenants",
    { name: `amid ${name}` },
    200
  )
  return yield* clientWith({ tenantUuid: uuid })
})

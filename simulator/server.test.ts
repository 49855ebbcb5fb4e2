import { createHash } from "node:crypto"
import { connect, type Socket } from "node:net"
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { header } from "../runtime/ami/ami.ts"
import { AmiDecoder } from "../runtime/ami/codec.ts"
import type { ReceivedMessage } from "../runtime/ami/message.ts"
import { recordedLoad, replay } from "./load.ts"
import { type SimulatorOptions, startSimulator } from "./server.ts"

/** A client that keeps what it reads. */
interface Client {
  readonly socket: Socket
  readonly messages: ReadonlyArray<ReceivedMessage>
  readonly send: (...headers: ReadonlyArray<readonly [string, string]>) => void
  /** The first message of that event or response name, and ActionID if given. */
  readonly next: (kind: string, actionId?: string) => Effect.Effect<ReceivedMessage>
  readonly closed: Effect.Effect<void>
}

const connectTo = (port: number): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Client>((resume) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true })
      const decoder = new AmiDecoder()
      const messages: Array<ReceivedMessage> = []
      const checks = new Set<() => void>()
      const check = () => {
        for (const each of checks) each()
      }
      let isClosed = false
      socket.on("error", () => undefined)
      socket.on("data", (bytes) => {
        decoder.push(bytes, (message) => messages.push(message))
        check()
      })
      socket.on("close", () => {
        isClosed = true
        check()
      })
      const until = <A>(find: () => A | undefined) =>
        Effect.callback<A>((done) => {
          const each = () => {
            const found = find()
            if (found === undefined) return
            checks.delete(each)
            done(Effect.succeed(found))
          }
          checks.add(each)
          each()
          return Effect.sync(() => checks.delete(each))
        })
      const client: Client = {
        socket,
        messages,
        send: (...headers) =>
          void socket.write(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`),
        next: (kind, actionId) =>
          until(() =>
            messages.find(
              (message) =>
                (message.name === kind || (kind === "Response" && message.kind === "response")) &&
                (actionId === undefined || header(message, "ActionID") === actionId)
            )
          ),
        closed: until(() => (isClosed ? true : undefined)).pipe(Effect.asVoid)
      }
      socket.once("connect", () => resume(Effect.succeed(client)))
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

const loggedIn = (port: number, ...more: ReadonlyArray<readonly [string, string]>) =>
  Effect.gen(function* () {
    const client = yield* connectTo(port)
    client.send(
      ["Action", "Login"],
      ["ActionID", "login"],
      ["Username", "strowger"],
      ["Secret", "s3cret"],
      ...more
    )
    yield* client.next("Success", "login")
    return client
  })

const simulate = (options: SimulatorOptions = {}) =>
  startSimulator({ secret: "s3cret", seed: "server", queues: [{ name: "sales" }], ...options })

const member = [
  ["Queue", "sales"],
  ["Interface", "Local/id-1@agentcallback"],
  ["StateInterface", "PJSIP/line1"]
] as const

const answerTo = (client: Client, id: string, ...headers: ReadonlyArray<readonly [string, string]>) => {
  client.send(...headers.slice(0, 1), ["ActionID", id], ...headers.slice(1))
  return client.next("Response", id)
}

describe("logging in", () => {
  it.live("with the secret is followed by FullyBooted and all events", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      yield* client.next("FullyBooted")
      client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
      yield* client.next("QueueMemberAdded")
      expect(simulator.loggedIn()).toEqual(["strowger"])
    })
  )

  it.live("by challenge takes the MD5 of challenge and secret", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* connectTo(simulator.port)
      client.send(["Action", "Challenge"], ["ActionID", "1"], ["AuthType", "MD5"])
      const challenge = header(yield* client.next("Success", "1"), "Challenge") ?? ""
      const key = createHash("md5").update(`${challenge}s3cret`).digest("hex")
      client.send(
        ["Action", "Login"],
        ["ActionID", "2"],
        ["AuthType", "MD5"],
        ["Username", "strowger"],
        ["Key", key]
      )
      expect(header(yield* client.next("Success", "2"), "Message")).toBe("Authentication accepted")
    })
  )

  it.live("with a wrong secret, or when logins are refused, fails and closes", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ speed: 100 })
      const login = (client: Client, secret: string) =>
        answerTo(client, "1", ["Action", "Login"], ["Username", "strowger"], ["Secret", secret])
      const wrong = yield* connectTo(simulator.port)
      expect(header(yield* login(wrong, "guess"), "Message")).toBe("Authentication failed")
      yield* wrong.closed
      simulator.refuseLogin(true)
      const refused = yield* connectTo(simulator.port)
      expect(header(yield* login(refused, "s3cret"), "Message")).toBe("Authentication failed")
      yield* refused.closed
    })
  )

  it.live("is needed for every action but Login, Logoff and Challenge", () =>
    Effect.gen(function* () {
      const { port } = yield* simulate()
      const client = yield* connectTo(port)
      const messageOf = (id: string, ...headers: ReadonlyArray<readonly [string, string]>) =>
        Effect.map(answerTo(client, id, ...headers), (answer) => header(answer, "Message"))
      expect(yield* messageOf("1", ["Action", "Ping"])).toBe("Permission denied")
      expect(yield* messageOf("2", ["Action", "Nonsense"])).toBe("Permission denied")
      expect(yield* messageOf("3", ["Action", "Challenge"])).toBe("Must specify AuthType")
      expect(yield* messageOf("4", ["Action", "Logoff"])).toBe("Thanks for all the fish.")
      yield* client.closed
    })
  )

  it.live("twice says so", () =>
    Effect.gen(function* () {
      const { port } = yield* simulate()
      const client = yield* loggedIn(port)
      const again = yield* answerTo(client, "2", ["Action", "Login"], ["Username", "x"])
      expect(header(again, "Message")).toBe("Already authenticated")
    })
  )
})

describe("an action", () => {
  it.live(
    "that is unknown, missing, too long or has too many headers is answered with Asterisk's error",
    () =>
      Effect.gen(function* () {
        const { port } = yield* simulate()
        const client = yield* loggedIn(port)
        const messageOf = (id: string, ...headers: ReadonlyArray<readonly [string, string]>) =>
          Effect.map(answerTo(client, id, ...headers), (answer) => header(answer, "Message"))
        expect(yield* messageOf("1", ["Action", "Nonsense"])).toBe(
          "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands."
        )
        expect(yield* messageOf("2", ["Foo", "bar"])).toBe("Missing action in request")
        expect(yield* messageOf("3", ["Action", "Ping"], ["X", "x".repeat(1100)])).toBe(
          "Failed to parse message: line too long"
        )
        const many = Array.from({ length: 130 }, (_, index) => [`H${index}`, "x"] as const)
        expect(yield* messageOf("4", ["Action", "Ping"], ...many)).toBe(
          "Too many lines in message or allocation failure"
        )
        expect(yield* messageOf("5", ["Action", "MixMonitor"])).toBe("MixMonitor is not simulated")
      })
  )

  it.live("is answered with its ActionID, and with none when that is empty", () =>
    Effect.gen(function* () {
      const { port } = yield* simulate()
      const client = yield* loggedIn(port, ["Events", "off"])
      client.send(["Action", "QueueSummary"], ["ActionID", ""])
      const end = yield* client.next("QueueSummaryComplete")
      expect(header(end, "ActionID")).toBeUndefined()
      client.send(["Action", "QueueSummary"], ["ActionID", "with"])
      yield* client.next("QueueSummaryComplete", "with")
      expect(client.messages.slice(-3).map((message) => header(message, "ActionID"))).toEqual([
        "with",
        "with",
        "with"
      ])
    })
  )

  it.live("needs the rights of its class", () =>
    Effect.gen(function* () {
      const { port } = yield* simulate({
        users: [{ username: "watcher", secret: "w", read: ["agent"], write: ["reporting"] }]
      })
      const client = yield* connectTo(port)
      yield* answerTo(client, "1", ["Action", "Login"], ["Username", "watcher"], ["Secret", "w"])
      expect(header(yield* answerTo(client, "2", ["Action", "QueueAdd"], ...member), "Message")).toBe(
        "Permission denied"
      )
      expect((yield* answerTo(client, "3", ["Action", "CoreStatus"])).name).toBe("Success")
      expect(client.messages.some((message) => message.name === "FullyBooted")).toBe(false)
    })
  )

  it.live("that originates a call and waits is answered when the call is", () =>
    Effect.gen(function* () {
      const { port } = yield* simulate({
        habits: { missedCalls: 0, answerDelay: { min: 1, max: 1 } },
        speed: 20
      })
      const client = yield* loggedIn(port)
      const originate = (id: string, channel: string) =>
        answerTo(
          client,
          id,
          ["Action", "Originate"],
          ["Channel", channel],
          ["Context", "default"],
          ["Exten", "600"],
          ["Priority", "1"]
        )
      expect(header(yield* originate("1", "PJSIP/line1"), "Message")).toBe("Originate successfully queued")
      expect(header(yield* originate("2", "Local/nobody@nowhere"), "Message")).toBe("Originate failed")
    })
  )
})

describe("events", () => {
  it.live("reach each session by its own mask and filters", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const all = yield* loggedIn(simulator.port)
      const none = yield* loggedIn(simulator.port, ["Events", "off"])
      const agents = yield* loggedIn(simulator.port, ["Events", "agent"])
      const filtered = yield* loggedIn(simulator.port)
      yield* answerTo(
        filtered,
        "f",
        ["Action", "Filter"],
        ["Operation", "Add"],
        ["Filter", "Event: QueueMemberPause"]
      )
      yield* answerTo(none, "a", ["Action", "QueueAdd"], ...member)
      yield* answerTo(none, "p", ["Action", "QueuePause"], member[1], ["Paused", "1"])
      simulator.raise("UserEvent", "agent", [["UserEvent", "Last"]])
      for (const client of [all, agents]) yield* client.next("UserEvent")
      yield* filtered.next("QueueMemberPause")
      const eventsOf = (client: Client) =>
        client.messages.filter(({ kind }) => kind === "event").map(({ name }) => name)
      expect(eventsOf(all)).toContain("DeviceStateChange")
      expect(eventsOf(agents)).toEqual(["QueueMemberAdded", "QueueMemberPause", "UserEvent"])
      expect(eventsOf(none)).toEqual([])
      expect(eventsOf(filtered).filter((name) => name.startsWith("Queue"))).toEqual(["QueueMemberPause"])
    })
  )

  it.live("come behind the answer to the action that caused them, on its session", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
      yield* client.next("QueueMemberAdded")
      const names = client.messages.map((message) => message.name)
      expect(names.slice(names.lastIndexOf("Success"))).toEqual([
        "Success",
        "DeviceStateChange",
        "QueueMemberAdded",
        "DeviceStateChange"
      ])
    })
  )

  it.live("are waited for by WaitEvent", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      client.send(["Action", "WaitEvent"], ["ActionID", "w"])
      yield* simulator.awaitAction("WaitEvent")
      simulator.setDeviceState("Custom:lamp", "INUSE")
      yield* client.next("WaitEventComplete", "w")
      expect(client.messages.slice(-3).map((message) => message.name)).toEqual([
        "Success",
        "DeviceStateChange",
        "WaitEventComplete"
      ])
    })
  )

  it.live("of calls in real time reach the client", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({
        speed: 50,
        habits: { missedCalls: 0, answerDelay: { min: 1, max: 2 }, talkTime: { min: 5, max: 9 } }
      })
      const client = yield* loggedIn(simulator.port)
      yield* answerTo(client, "1", ["Action", "QueueAdd"], ...member)
      simulator.call("sales", { number: "5551234" })
      const complete = yield* client.next("AgentComplete")
      expect(header(complete, "CallerIDNum")).toBe("5551234")
      expect(simulator.members("sales")[0]?.calls).toBe(1)
    })
  )
})

describe("faults", () => {
  it.live("mute an action that takes effect all the same", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      simulator.fault("QueueAdd", { kind: "mute" }, 1)
      client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
      expect((yield* answerTo(client, "2", ["Action", "Ping"])).name).toBe("Success")
      expect(
        client.messages.some((message) => message.kind === "response" && header(message, "ActionID") === "1")
      ).toBe(false)
      expect(simulator.members("sales").length).toBe(1)
    })
  )

  it.live("delay an answer while others overtake it", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ clock: "manual" })
      const client = yield* loggedIn(simulator.port)
      simulator.fault("QueueAdd", { kind: "delay", seconds: 5 })
      client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
      yield* answerTo(client, "2", ["Action", "Ping"])
      simulator.advance(5)
      yield* client.next("Success", "1")
      const order = client.messages
        .filter(({ kind }) => kind === "response")
        .map((each) => header(each, "ActionID"))
      expect(order).toEqual(["login", "2", "1"])
    })
  )

  it.live("answer twice, or with an error", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      simulator.fault("QueueAdd", { kind: "answer-twice" }, 1)
      client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
      simulator.fault("QueuePause", { kind: "error", message: "Out of memory" })
      const paused = yield* answerTo(client, "2", ["Action", "QueuePause"], member[1], ["Paused", "1"])
      expect(line(paused)).toBe("Error Out of memory")
      expect(client.messages.filter((each) => header(each, "ActionID") === "1").map(line)).toEqual([
        "Success Added interface to queue",
        "Success Added interface to queue"
      ])
      expect(simulator.members("sales")[0]?.isPaused).toBe(false)
    })
  )

  it.live("close the connection before or after the effect", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      for (const [kind, members] of [
        ["close-before-effect", 0],
        ["close-after-effect", 1]
      ] as const) {
        const client = yield* loggedIn(simulator.port)
        simulator.fault("QueueAdd", { kind }, 1)
        client.send(["Action", "QueueAdd"], ["ActionID", "1"], ...member)
        yield* client.closed
        expect(client.messages.some((each) => header(each, "ActionID") === "1")).toBe(false)
        expect(simulator.members("sales").length).toBe(members)
      }
    })
  )

  it.live("reset all connections", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const clients = [yield* loggedIn(simulator.port), yield* loggedIn(simulator.port)]
      expect(simulator.dropConnections()).toBe(2)
      for (const client of clients) yield* client.closed
      expect(simulator.loggedIn()).toEqual([])
    })
  )

  it.live("leave a connection without a word", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      simulator.silence(true)
      const mute = yield* connectTo(simulator.port)
      mute.send(["Action", "Login"], ["Username", "strowger"], ["Secret", "s3cret"])
      simulator.silence(false)
      yield* loggedIn(simulator.port)
      expect(mute.socket.bytesRead).toBe(0)
    })
  )
})

describe("a restart", () => {
  const withMember = (options: SimulatorOptions = {}) =>
    Effect.gen(function* () {
      const simulator = yield* simulate(options)
      const client = yield* loggedIn(simulator.port)
      yield* answerTo(client, "1", ["Action", "QueueAdd"], ...member)
      yield* answerTo(client, "2", ["Action", "QueuePause"], member[1], ["Paused", "1"], ["Reason", "lunch"])
      yield* simulator.stop
      yield* client.closed
      return simulator
    })

  it.live("keeps members and their pause when Asterisk does", () =>
    Effect.gen(function* () {
      const simulator = yield* withMember()
      yield* simulator.start({ pbx: "restarted" })
      yield* loggedIn(simulator.port)
      expect(simulator.members("sales")[0]).toMatchObject({ isPaused: true, pausedReason: "lunch" })
    })
  )

  it.live("forgets members when Asterisk does, and says when it is fully booted", () =>
    Effect.gen(function* () {
      const simulator = yield* withMember({ speed: 50 })
      yield* simulator.start({ pbx: "forgetful", bootTime: 5 })
      const client = yield* loggedIn(simulator.port)
      expect(simulator.members("sales")).toEqual([])
      expect(header(yield* client.next("FullyBooted"), "Uptime")).toBe("5")
    })
  )

  it.live("that is none leaves calls alone", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ habits: { automatic: false } })
      const call = simulator.call("sales")
      yield* simulator.stop
      yield* simulator.start()
      yield* loggedIn(simulator.port)
      expect(simulator.pbx().calls.channels.get(call?.name ?? "")).toBe(call)
    })
  )
})

describe("a session", () => {
  it.live("that does not read is dropped, and others are not", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ maxBacklog: 100_000 })
      const slow = yield* loggedIn(simulator.port)
      slow.socket.pause()
      const quick = yield* loggedIn(simulator.port)
      for (let round = 0; simulator.loggedIn().length > 1; round++) {
        assert.isBelow(round, 10_000)
        for (let event = 0; event < 20; event++)
          simulator.raise("UserEvent", "user", [["X", "x".repeat(1000)]])
        yield* Effect.sleep(1)
      }
      expect((yield* answerTo(quick, "1", ["Action", "Ping"])).name).toBe("Success")
    })
  )

  it.live("that does not log in is closed after thirty seconds", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ clock: "manual" })
      const client = yield* connectTo(simulator.port)
      const other = yield* loggedIn(simulator.port)
      simulator.advance(31)
      yield* client.closed
      expect((yield* answerTo(other, "1", ["Action", "Ping"])).name).toBe("Success")
    })
  )
})

describe("what came in", () => {
  it.live("is kept in order, without passwords, and can be waited for", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate()
      const client = yield* loggedIn(simulator.port)
      client.send(["Action", "Ping"])
      client.send(["Action", "Ping"], ["ActionID", "second"])
      const second = yield* simulator.awaitAction("Ping", 2)
      expect(second.headers).toContainEqual(["ActionID", "second"])
      expect(simulator.actionsReceived().map(({ action }) => action)).toEqual(["Login", "Ping", "Ping"])
      expect(JSON.stringify(simulator.actionsReceived())).not.toContain("s3cret")
    })
  )
})

describe("the recorded load", () => {
  it.live("reaches every session, event by event", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate({ queues: [] })
      const clients = [
        yield* loggedIn(simulator.port, ["Events", "off"]),
        yield* loggedIn(simulator.port, ["Events", "off"])
      ]
      const stream = recordedLoad()
      expect(stream.length).toBe(10_927)
      const report = yield* replay(simulator, stream)
      expect(report.events).toBe(10_927)
      for (const client of clients) {
        yield* answerTo(client, "end", ["Action", "Ping"])
        expect(client.messages.filter(({ kind }) => kind === "event").length).toBe(10_927)
      }
    })
  )
})

const line = (message: ReceivedMessage) => `${message.name} ${header(message, "Message")}`

import { spawn } from "node:child_process"
import { once } from "node:events"
import { Effect } from "effect"
import { AmiDecoder, toJson } from "../../runtime/ami/codec.ts"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { type Client, logIn } from "../../test/client.ts"
import { initialisedFolder } from "../../test/initialised-folder.ts"
import { type LoadPbx, manager, recordedEvents, startLoadPbx } from "../../test/load-pbx.ts"
import { startRuntime } from "../../test/runtime.ts"
import { type ClientOrder, monotonic, startTimedClients, type TimedClients } from "./ami-to-ws.clients.ts"
import { handshake } from "./fixture.ts"
import { textFrame } from "./wire-frame.ts"

/**
 * The recorded load at 2,000 AMI events a second, to 200 WebSocket sessions with different rights and subscriptions:
 * the time from an event's bytes written by the PBX until its frame is read by a client, in milliseconds.
 *
 * - figure: 99th percentile of all frames of a running runtime.
 * - ceiling: the same of a bare relay, which sends the same events to the same clients as they came.
 * - medians: the middle of the delays, of both.
 * - lost, reordered, uninvited: frames; the benchmark fails when there are any. What each session must see is worked
 *   out from the stream and the rights, and each frame is compared with its event to the byte. `closed` sessions are
 *   those that the clients, on a machine that was too busy, read so slowly that the runtime gave them up.
 *
 * Runtime, relay, and PBX with the clients are processes of their own. Runtime and relay take turns; each
 * number is the median of some rounds.
 */
export const run = (): Promise<BenchResult> =>
  Effect.gen(function* () {
    const subjects = [yield* runtimeSubject, yield* relaySubject]
    const measured = subjects.map(() => ({ p99: [] as Array<number>, p50: [] as Array<number> }))
    const faults = { lost: 0, reordered: 0, uninvited: 0, closed: 0 }
    for (const events of [warmUp, ...Array.from({ length: rounds }, () => messages.length)]) {
      for (const [index, subject] of subjects.entries()) {
        const seen = yield* measure(subject, events)
        if (events !== warmUp) {
          measured[index]?.p99.push(percentile(seen.delays, 0.99))
          measured[index]?.p50.push(percentile(seen.delays, 0.5))
        }
        faults.lost += seen.lost
        faults.reordered += seen.reordered
        faults.uninvited += seen.uninvited
        faults.closed = Math.max(faults.closed, seen.closed)
      }
    }
    if (faults.lost + faults.reordered + faults.uninvited > 0)
      return yield* Effect.die(new Error(`frames are wrong: ${JSON.stringify(faults)}`))
    const [figure = Number.NaN, ceiling = Number.NaN] = measured.map(({ p99 }) => median(p99))
    return {
      name: "ami-to-ws",
      figure: rounded(figure),
      unit: "ms",
      ceiling: rounded(ceiling),
      ratio: rounded(figure / ceiling),
      addedMs: rounded(figure - ceiling),
      medians: measured.map(({ p50 }) => rounded(median(p50))),
      sessions: groups.reduce((sum, { sessions }) => sum + sessions, 0),
      eventsPerSecond: rate,
      ...faults
    }
  }).pipe(Effect.scoped, Effect.runPromise)

const rate = 2_000
const rounds = 3
const warmUp = 1_000
const tokensOfGroup = 5

/** Sessions with equal rights and subscriptions. */
interface Group {
  readonly sessions: number
  readonly acl: string
  /** Absent: everything. */
  readonly subscribed?: ReadonlyArray<string>
  /** Users of a tenant of their own, instead of the master tenant. */
  readonly ofTenant?: boolean
  /** The AMI events that the rights allow. */
  readonly sees: (name: string) => boolean
}

const callEvents = ["QueueCallerJoin", "QueueCallerLeave", "AgentCalled", "AgentConnect", "AgentComplete"]
const memberEvents = ["QueueMemberStatus", "QueueMemberPause"]

const groups: ReadonlyArray<Group> = [
  { sessions: 3, acl: "#", sees: () => true },
  { sessions: 37, acl: "#", subscribed: callEvents, sees: () => true },
  { sessions: 3, acl: "events.ami.#", sees: () => true },
  { sessions: 37, acl: "events.ami.#", subscribed: memberEvents, sees: () => true },
  { sessions: 60, acl: "events.ami.QueueMember*", sees: (name) => name.startsWith("QueueMember") },
  { sessions: 30, acl: "events.calls.me", sees: () => false },
  { sessions: 30, acl: "#", ofTenant: true, sees: () => false }
]

/** Who gets the stream, and the clients behind it. */
interface Subject {
  readonly pbx: LoadPbx
  readonly clients: TimedClients
}

const measure = Effect.fnUntraced(function* ({ pbx, clients }: Subject, count: number) {
  const writtenAt = new Float64Array(count)
  let written = 0
  clients.expect(count)
  yield* pbx.replay(recordedEvents.slice(0, count), {
    rate,
    onWritten: (events) => {
      writtenAt.fill(monotonic(), written, events)
      written = events
    }
  })
  const { events, times, ...faults } = yield* Effect.promise(clients.sighting)
  return { ...faults, delays: times.map((time, index) => time - (writtenAt[events[index] ?? 0] ?? 0)).sort() }
})

const runtimeSubject = Effect.gen(function* () {
  const pbx = yield* startLoadPbx
  const { url } = yield* startRuntime({
    STROWGER_DATA_DIR: yield* initialisedFolder,
    STROWGER_AMI_PORT: String(pbx.port),
    STROWGER_AMI_USERNAME: manager.username,
    STROWGER_AMI_SECRET: manager.secret
  })
  const admin = yield* logIn(url)
  const tokens = yield* Effect.forEach(groups, (group, index) => tokensOf(admin, group, `bench${index}`))
  const clients = yield* startTimedClients({
    port: Number(new URL(url).port),
    endings: messages.map(({ json }) => Buffer.from(`,"data":${json}}`)),
    mark: '"required_acl":"events.ami.',
    clients: clientsOf((group, session) => ({
      opening: Buffer.concat([
        Buffer.from(handshake(tokens[groups.indexOf(group)]?.[session % tokensOfGroup] ?? "", 1)),
        ...(group.subscribed ?? ["*"]).map((name) =>
          maskedFrame({ op: "subscribe", data: { event_name: name } })
        ),
        maskedFrame({ op: "start" })
      ]),
      readyWhen: '"op":"start"'
    }))
  })
  return { pbx, clients } satisfies Subject
})

const relaySubject = Effect.gen(function* () {
  const pbx = yield* startLoadPbx
  const relay = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        process.execPath,
        [`${import.meta.dirname}/ami-to-ws.relay.ts`, String(pbx.port), manager.username, manager.secret],
        {
          stdio: ["ignore", "pipe", "inherit"]
        }
      )
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const port = Number(String(yield* Effect.promise(() => once(relay.stdout, "data"))))
  yield* pbx.loggedIn
  const names = [...new Set(messages.map(({ name }) => name))]
  const clients = yield* startTimedClients({
    port,
    endings: recordedEvents,
    mark: "Event: ",
    clients: clientsOf((group) => ({
      opening: Buffer.from(
        handshake("", 1).replace(
          "/api/websocketd/?",
          `/?names=${names.filter((name) => isFor(group, name))}&`
        )
      ),
      readyWhen: "ready"
    }))
  })
  return { pbx, clients } satisfies Subject
})

/** A recorded event as it must arrive. */
interface Message {
  readonly name: string
  readonly json: string
}

function messageOf(bytes: Buffer): Message {
  let name = ""
  let json = ""
  const decoder = new AmiDecoder({ stream: "messages" })
  decoder.push(Buffer.from("Asterisk Call Manager/13.0.0\r\n"), () => {})
  decoder.push(bytes, (message) => {
    name = message.name
    json = JSON.stringify(toJson(message))
  })
  return { name, json }
}

const messages = recordedEvents.map(messageOf)

const isFor = ({ ofTenant, subscribed, sees }: Group, name: string): boolean =>
  ofTenant !== true && sees(name) && (subscribed === undefined || subscribed.includes(name))

const clientsOf = (
  open: (group: Group, session: number) => Omit<ClientOrder, "expected">
): ReadonlyArray<ClientOrder> =>
  groups.flatMap((group) => {
    const expected = Uint32Array.from(
      messages.flatMap(({ name }, index) => (isFor(group, name) ? [index] : []))
    )
    return Array.from({ length: group.sessions }, (_, session) => ({ ...open(group, session), expected }))
  })

/** Tokens of a user with the group's right. */
const tokensOf = Effect.fnUntraced(function* (admin: Client, { acl, ofTenant }: Group, name: string) {
  const post = Effect.fnUntraced(function* (path: string, body: object, headers: Record<string, string>) {
    const answer = yield* admin.request("POST", `/api/auth/0.1/${path}`, body, headers)
    return (answer.body as { uuid: string }).uuid
  })
  const tenant = ofTenant === true ? { "Accent-Tenant": yield* post("tenants", { name }, {}) } : {}
  const user = yield* post("users", { username: name, password: name }, tenant)
  const policy = yield* post("policies", { name, acl: ["websocketd", acl] }, tenant)
  yield* admin.request("PUT", `/api/auth/0.1/users/${user}/policies/${policy}`, undefined, tenant)
  return yield* Effect.forEach(Array.from({ length: tokensOfGroup }), () =>
    Effect.map(logIn(admin.url, { username: name, password: name }), ({ token }) => token)
  )
})

const maskedFrame = (message: object): Buffer => {
  const frame = textFrame(JSON.stringify(message))
  frame[1] = (frame[1] ?? 0) | 0x80
  return Buffer.concat([frame.subarray(0, 2), Buffer.alloc(4), frame.subarray(2)])
}

/** Of sorted values. */
const percentile = (values: Float64Array, share: number): number =>
  values[Math.floor(values.length * share)] ?? Number.NaN

const rounded = (value: number): number => Math.round(value * 100) / 100

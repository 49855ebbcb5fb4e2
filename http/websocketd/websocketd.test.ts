import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { TestClock } from "effect/testing"
import { randomUUID } from "node:crypto"
import { request } from "node:http"
import type { LiveToken } from "../../actors/identity/tokens.ts"
import { type BusEvent, defineEvent, envelopeOf, makeEvent } from "../../schemas/events/envelope.ts"
import { type Fixture, masterTenant, originUuid, startFixture, TestClient } from "./fixture.ts"
import { framesSent, sessionsGauge } from "./metrics.ts"

/** A test with real clients on real time. */
const contract = (name: string, test: (fixture: Fixture) => Promise<void>) =>
  it.live(name, () => startFixture().pipe(Effect.flatMap((fixture) => Effect.promise(() => test(fixture)))))

const tenant = "aaaaaaaa-0000-4000-8000-000000000001"
const otherTenant = "bbbbbbbb-0000-4000-8000-000000000001"
const alice = "11111111-0000-4000-8000-000000000001"
const bob = "22222222-0000-4000-8000-000000000001"

type EventClass = "service" | "tenant" | "user" | "multi-user"

const event = (
  name: string,
  options: {
    readonly class?: EventClass
    readonly tenantUuid?: string
    readonly userUuids?: ReadonlyArray<string>
    readonly acl?: string | null
    readonly originUuid?: string
    readonly data?: object
  } = {}
): BusEvent =>
  makeEvent(
    defineEvent({
      name,
      class: options.class ?? "tenant",
      routingKey: `test.${name}`,
      ...(options.acl === undefined ? {} : { acl: options.acl })
    }),
    { originUuid: options.originUuid ?? originUuid, at: 0 },
    { tenantUuid: options.tenantUuid ?? tenant, userUuids: options.userUuids ?? [] },
    options.data ?? {}
  )

const connectClient = async (
  { port, tokens }: Fixture,
  version: 1 | 2,
  token: Partial<LiveToken> = {}
): Promise<TestClient> => {
  const client = new TestClient(
    port,
    `/?token=${tokens.grant({ tenantUuid: tenant, ...token })}&version=${version}`
  )
  assert.deepStrictEqual(await client.next(), { op: "init", code: 0, data: { version } })
  return client
}

/** A version 2 client that gets the named events. */
const listener = async (
  fixture: Fixture,
  token: Partial<LiveToken> = {},
  names: ReadonlyArray<string> = ["*"]
): Promise<TestClient> => {
  const client = await connectClient(fixture, 2, token)
  for (const event_name of names) {
    assert.deepStrictEqual(await client.ask({ op: "subscribe", data: { event_name } }), done("subscribe"))
  }
  assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
  return client
}

const done = (op: string) => ({ op, code: 0, data: null })

/** The names of the events that a version 2 client has got by now: a pong comes after all of them. */
const eventsSoFar = async (client: TestClient): Promise<ReadonlyArray<string>> => {
  const payload = randomUUID()
  client.send({ op: "ping", data: { payload } })
  const names: Array<string> = []
  for (;;) {
    const frame = (await client.next()) as { op: string; data: { name: string; payload: string } }
    if (frame.op === "pong" && frame.data.payload === payload) return names
    assert.strictEqual(frame.op, "event")
    names.push(frame.data.name)
  }
}

/** From now on token lookups wait for the function that is returned. */
const delayLookups = ({ tokens }: Fixture): (() => void) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  tokens.lookup = () => promise
  return resolve
}

const http = (
  fixture: Fixture,
  path: string,
  method: string,
  headers: Record<string, string> = {}
): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: fixture.port, path, method, headers }, (response) => {
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (text: string) => {
        body += text
      })
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    sent.on("upgrade", (response, socket) => {
      resolve({ status: response.statusCode, headers: response.headers, body: "" })
      socket.destroy()
    })
    sent.on("error", reject)
    sent.end()
  })

const upgradeHeaders = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="
}

describe("connection (events.md 4.1)", () => {
  contract("a good handshake gets 101 and then init with the version in force", async (fixture) => {
    await connectClient(fixture, 1)
    await connectClient(fixture, 2)
  })

  contract("the path works with and without the trailing slash", async ({ port, tokens }) => {
    for (const path of ["", "/"]) {
      const client = new TestClient(port, `${path}?token=${tokens.grant()}`)
      assert.deepStrictEqual(await client.next(), { op: "init", code: 0, data: { version: 1 } })
    }
  })

  contract("other paths are left to others", async (fixture) => {
    for (const path of ["/api/websocketd/x", "/api/websocketdx", "/api/websocket"]) {
      assert.strictEqual((await http(fixture, path, "GET")).status, 404)
    }
  })

  contract("the token may be in X-Auth-Token in any case", async ({ port, tokens }) => {
    for (const header of ["X-Auth-Token", "x-auth-token", "X-AUTH-TOKEN"]) {
      const client = new TestClient(port, "/", { [header]: tokens.grant() })
      assert.deepStrictEqual(await client.next(), { op: "init", code: 0, data: { version: 1 } })
    }
  })

  for (const version of ["0", "-1", "9", "abc", "1.0"]) {
    contract(
      `version ${version} closes with 4004 and an empty reason, also with a bad token`,
      async ({ port }) => {
        const client = new TestClient(port, `/?token=unknown&version=${version}`)
        assert.deepStrictEqual(await client.closed, { code: 4004, reason: "" })
      }
    )
  }

  contract("no token closes with 4001 no token", async ({ port }) => {
    assert.deepStrictEqual(await new TestClient(port, "/").closed, { code: 4001, reason: "no token" })
    assert.deepStrictEqual(await new TestClient(port, "/?token=").closed, { code: 4001, reason: "no token" })
  })

  contract("an unknown token closes with 4002 authentication failed", async ({ port }) => {
    const failed = { code: 4002, reason: "authentication failed" }
    assert.deepStrictEqual(await new TestClient(port, `/?token=${randomUUID()}`).closed, failed)
    assert.deepStrictEqual(await new TestClient(port, `/?token=${"x".repeat(5_000)}`).closed, failed)
    assert.deepStrictEqual(await new TestClient(port, "/?token=%00%ff'--").closed, failed)
  })

  contract("a token without the access websocketd closes with 4002", async ({ port, tokens }) => {
    const failed = { code: 4002, reason: "authentication failed" }
    for (const acl of [[], ["events.#"], ["!websocketd", "#"]]) {
      assert.deepStrictEqual(await new TestClient(port, `/?token=${tokens.grant({ acl })}`).closed, failed)
    }
    const client = new TestClient(port, `/?token=${tokens.grant({ acl: ["websocketd"] })}`)
    assert.deepStrictEqual(await client.next(), { op: "init", code: 0, data: { version: 1 } })
  })

  contract("a token that cannot be looked up closes with 4002", async ({ port, tokens }) => {
    tokens.lookup = () => Promise.reject(new Error("the database is away"))
    const client = new TestClient(port, `/?token=${tokens.grant()}`)
    assert.deepStrictEqual(await client.closed, { code: 4002, reason: "authentication failed" })
  })

  contract("nothing that the client sends before init is lost", async (fixture) => {
    const found = delayLookups(fixture)
    const client = new TestClient(
      fixture.port,
      `/?token=${fixture.tokens.grant({ tenantUuid: tenant })}&version=2`
    )
    await new Promise((resolve) => client.webSocket.on("open", resolve))
    for (let index = 0; index < 500; index++) {
      client.send({ op: "subscribe", data: { event_name: `event_${index}` } })
    }
    client.send({ op: "start" })
    fixture.publish(event("event_499"))
    // By the time these are answered, the server has had every chance to read what the client sent.
    for (let round = 0; round < 10; round++) await http(fixture, "/api/websocketd/", "GET")
    found()
    assert.deepStrictEqual(await client.next(), { op: "init", code: 0, data: { version: 2 } })
    for (let index = 0; index < 500; index++) assert.deepStrictEqual(await client.next(), done("subscribe"))
    assert.deepStrictEqual(await client.next(), done("start"))
    fixture.publish(event("event_499"))
    assert.deepStrictEqual(await eventsSoFar(client), ["event_499"])
  })

  contract(
    "a plain GET without Upgrade is 426 in text/plain and names the websocket protocol",
    async (fixture) => {
      for (const path of ["/api/websocketd", "/api/websocketd/?token=x"]) {
        const answer = await http(fixture, path, "GET")
        assert.strictEqual(answer.status, 426)
        assert.strictEqual(answer.headers.upgrade, "websocket")
        assert.match(String(answer.headers["content-type"]), /^text\/plain/)
      }
      assert.strictEqual(
        (await http(fixture, "/api/websocketd/", "GET", { ...upgradeHeaders, Upgrade: "h2c" })).status,
        426
      )
    }
  )

  contract("another method is 400, with and without Upgrade", async (fixture) => {
    for (const method of ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
      assert.strictEqual((await http(fixture, "/api/websocketd/", method)).status, 400, method)
    }
    assert.strictEqual((await http(fixture, "/api/websocketd/", "POST", upgradeHeaders)).status, 400)
  })

  contract("another Sec-WebSocket-Version is 400", async (fixture) => {
    for (const version of ["8", "12", "14", "", "x"]) {
      const headers = { ...upgradeHeaders, "Sec-WebSocket-Version": version }
      assert.strictEqual((await http(fixture, "/api/websocketd/", "GET", headers)).status, 400, version)
    }
  })

  contract("any Origin, any offered subprotocol and permessage-deflate get a plain 101", async (fixture) => {
    const answer = await http(fixture, "/api/websocketd/", "GET", {
      ...upgradeHeaders,
      Origin: "https://elsewhere.example",
      "Sec-WebSocket-Protocol": "chat,, ;superchat",
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"
    })
    assert.strictEqual(answer.status, 101)
    assert.strictEqual(answer.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert.notProperty(answer.headers, "sec-websocket-protocol")
    assert.notProperty(answer.headers, "sec-websocket-extensions")
  })
})

describe("frames (events.md 4.2)", () => {
  contract("the example dialogue of version 2 runs word for word", async (fixture) => {
    const client = await connectClient(fixture, 2)
    client.send({ op: "subscribe", data: { event_name: "agent_status_update" } })
    assert.strictEqual(await client.nextText(), '{"op":"subscribe","code":0,"data":null}')
    client.send({ op: "start" })
    assert.strictEqual(await client.nextText(), '{"op":"start","code":0,"data":null}')
    const published = event("agent_status_update", {
      data: { agent_id: 7, status: "logged_in", text: "é😀\u2028" }
    })
    fixture.publish(published)
    const json = JSON.stringify(envelopeOf(published))
    assert.strictEqual(await client.nextText(), `{"op":"event","code":0,"data":${json}}`)
    client.send({ op: "ping", data: { payload: "x1" } })
    assert.strictEqual(await client.nextText(), '{"op":"pong","code":0,"data":{"payload":"x1"}}')
  })

  contract("version 1 gets the bare envelope as it was published", async (fixture) => {
    const client = await connectClient(fixture, 1)
    assert.deepStrictEqual(
      await client.ask({ op: "subscribe", data: { event_name: "call_created" } }),
      done("subscribe")
    )
    assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
    const published = event("call_created", { data: { call_id: "1.2" } })
    fixture.publish(published)
    assert.strictEqual(await client.nextText(), JSON.stringify(envelopeOf(published)))
  })

  contract("version 1 works silently after start, but start is always answered", async (fixture) => {
    const client = await connectClient(fixture, 1)
    assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
    client.send({ op: "subscribe", data: { event_name: "call_created" } })
    client.send({ op: "token", data: { token: fixture.tokens.grant({ tenantUuid: tenant }) } })
    client.send({ op: "ping", data: { payload: "x" } })
    assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
    fixture.publish(event("call_created"))
    assert.include(await client.next(), { name: "call_created" })
  })

  contract("subscriptions add up, before and after start", async (fixture) => {
    const client = await listener(fixture, {}, ["a", "b"])
    fixture.publish(event("a"))
    fixture.publish(event("b"))
    fixture.publish(event("c"))
    assert.deepStrictEqual(await eventsSoFar(client), ["a", "b"])
    assert.deepStrictEqual(
      await client.ask({ op: "subscribe", data: { event_name: "c" } }),
      done("subscribe")
    )
    for (const name of ["c", "a", "d"]) fixture.publish(event(name))
    assert.deepStrictEqual(await eventsSoFar(client), ["c", "a"])
  })

  contract("events that occur before start are dropped", async (fixture) => {
    const client = await connectClient(fixture, 2)
    await client.ask({ op: "subscribe", data: { event_name: "*" } })
    fixture.publish(event("early"))
    assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
    fixture.publish(event("late"))
    assert.deepStrictEqual(await eventsSoFar(client), ["late"])
  })

  contract(
    "an empty event_name and an event name of any length are answered and match nothing",
    async (fixture) => {
      const client = await listener(fixture, {}, ["", "x".repeat(100_000)])
      fixture.publish(event("call_created"))
      assert.deepStrictEqual(await eventsSoFar(client), [])
    }
  )

  contract("an empty payload and one of almost a mebibyte come back as they are", async (fixture) => {
    const client = await connectClient(fixture, 2)
    for (const payload of ["", '\\"\n\u0000é😀', "x".repeat(1_000_000)]) {
      assert.deepStrictEqual(await client.ask({ op: "ping", data: { payload } }), {
        op: "pong",
        code: 0,
        data: { payload }
      })
    }
  })

  for (const [what, message] of [
    ["a binary frame", Buffer.from('{"op":"start"}')],
    ["no JSON", "hello"],
    ["an unknown op", '{"op":"presence"}'],
    ["a missing key", '{"op":"subscribe","data":{}}']
  ] as const) {
    contract(`${what} closes with 4004 and an empty reason, before and after start`, async (fixture) => {
      for (const version of [1, 2] as const) {
        const fresh = await connectClient(fixture, version)
        const started = await connectClient(fixture, version)
        await started.ask({ op: "start" })
        for (const client of [fresh, started]) {
          client.webSocket.send(message)
          assert.deepStrictEqual(await client.closed, { code: 4004, reason: "" })
        }
      }
    })
  }

  contract("a message of 1,048,576 bytes is still read, one more closes with 1009", async (fixture) => {
    const client = await connectClient(fixture, 2)
    const start = '{"op":"start"}'
    client.webSocket.send(start.padEnd(1_048_576))
    assert.deepStrictEqual(await client.next(), done("start"))
    client.webSocket.send(start.padEnd(1_048_577))
    assert.deepStrictEqual(await client.closed, { code: 1009, reason: "" })
  })

  contract(
    "an internal error closes with 1011 and an empty reason, and only the session it hit",
    async (fixture) => {
      const broken = () => {
        throw new Error("a defect")
      }
      const other = await listener(fixture)
      const client = await connectClient(fixture, 2)
      client.send({ op: "token", data: { token: fixture.tokens.grant({ allows: broken }) } })
      assert.deepStrictEqual(await client.closed, { code: 1011, reason: "" })
      const opening = new TestClient(fixture.port, `/?token=${fixture.tokens.grant({ allows: broken })}`)
      assert.deepStrictEqual(await opening.closed, { code: 1011, reason: "" })
      fixture.publish(event("a"))
      assert.deepStrictEqual(await eventsSoFar(other), ["a"])
    }
  )

  contract("a normal close of the client is answered in kind", async (fixture) => {
    const client = await connectClient(fixture, 2)
    client.webSocket.close(1000, "bye")
    assert.deepStrictEqual(await client.closed, { code: 1000, reason: "bye" })
  })
})

describe("filtering (events.md 4.4)", () => {
  const classes: ReadonlyArray<readonly [string, BusEvent]> = [
    ["service", event("service", { class: "service" })],
    ["tenant", event("tenant", { class: "tenant" })],
    ["alice", event("alice", { class: "user", userUuids: [alice] })],
    ["bob", event("bob", { class: "user", userUuids: [bob] })],
    ["both", event("both", { class: "multi-user", userUuids: [alice, bob] })],
    ["nobody", event("nobody", { class: "user", userUuids: [] })],
    ["other_tenant", event("other_tenant", { tenantUuid: otherTenant })],
    [
      "alice_elsewhere",
      event("alice_elsewhere", { class: "user", tenantUuid: otherTenant, userUuids: [alice] })
    ]
  ]
  const everything = classes.map(([name]) => name)
  const ofTenant = ["tenant", "alice", "bob", "both", "nobody"]
  const roles: ReadonlyArray<readonly [string, Partial<LiveToken>, ReadonlyArray<string>]> = [
    ["a master-tenant token sees every class of every tenant", { tenantUuid: masterTenant }, everything],
    [
      "a tenant admin by metadata.admin sees his tenant",
      { metadata: { purpose: "user", admin: true } },
      ofTenant
    ],
    ["a token of purpose external_api sees its tenant", { metadata: { purpose: "external_api" } }, ofTenant],
    ["a token of purpose internal sees its tenant", { metadata: { purpose: "internal" } }, ofTenant],
    ["a user sees what is for him or for every user", { userUuid: alice }, ["tenant", "alice", "both"]],
    [
      "metadata.admin that is not true makes no admin",
      { userUuid: bob, metadata: { admin: "true" } },
      ["tenant", "bob", "both"]
    ],
    ["a token without a user sees what is for every user", { userUuid: null }, ["tenant"]]
  ]
  for (const [name, token, expected] of roles) {
    contract(name, async (fixture) => {
      const byStar = await listener(fixture, token)
      const byName = await listener(fixture, token, everything)
      for (const [, published] of classes) fixture.publish(published)
      assert.deepStrictEqual(await eventsSoFar(byStar), expected)
      assert.deepStrictEqual(await eventsSoFar(byName), expected)
    })
  }

  contract("a sub-tenant never gets the master's events", async (fixture) => {
    const admin = await listener(fixture, { metadata: { admin: true } })
    fixture.publish(event("masters", { tenantUuid: masterTenant }))
    assert.deepStrictEqual(await eventsSoFar(admin), [])
  })

  contract("events of another platform are not sent", async (fixture) => {
    const client = await listener(fixture, { tenantUuid: masterTenant })
    fixture.publish(event("foreign", { originUuid: randomUUID() }))
    assert.deepStrictEqual(await eventsSoFar(client), [])
  })

  contract("an event without the header required_acl never leaves; null needs no right", async (fixture) => {
    const client = await listener(fixture, { tenantUuid: masterTenant, acl: ["websocketd"] })
    const { required_acl: _, ...headers } = event("internal").headers
    fixture.publish({ ...event("internal"), headers })
    fixture.publish(event("open", { acl: null }))
    assert.deepStrictEqual(await eventsSoFar(client), ["open"])
  })

  contract("the token's ACL decides; a refusal is silent", async (fixture) => {
    const acl = ["websocketd", "events.calls.me", "events.status.#", "!events.status.secret"]
    const client = await listener(fixture, { acl, userUuid: alice })
    fixture.publish(event("mine", { acl: `events.calls.${alice}` }))
    fixture.publish(event("his", { acl: `events.calls.${bob}` }))
    fixture.publish(event("mine_again", { acl: `events.calls.${alice}` }))
    assert.deepStrictEqual(await eventsSoFar(client), ["mine", "mine_again"])
    const other = await listener(fixture, { acl })
    fixture.publish(event("status", { acl: "events.status.agent" }))
    fixture.publish(event("secret", { acl: "events.status.secret" }))
    assert.deepStrictEqual(await eventsSoFar(other), ["status"])
  })

  contract("an event is sent once however many filters match it", async (fixture) => {
    const named = await listener(fixture, {}, ["a", "a", "*", "a", "*"])
    const master = await listener(fixture, { tenantUuid: masterTenant }, ["*", "a"])
    await named.ask({ op: "start" })
    fixture.publish(event("a"))
    fixture.publish(event("a", { tenantUuid: masterTenant }))
    assert.deepStrictEqual(await eventsSoFar(named), ["a"])
    assert.deepStrictEqual(await eventsSoFar(master), ["a", "a"])
  })

  contract("`*` after start replaces the names without a second copy", async (fixture) => {
    const client = await listener(fixture, {}, ["a"])
    await client.ask({ op: "subscribe", data: { event_name: "*" } })
    await client.ask({ op: "subscribe", data: { event_name: "a" } })
    fixture.publish(event("a"))
    fixture.publish(event("b"))
    assert.deepStrictEqual(await eventsSoFar(client), ["a", "b"])
  })

  contract("the order of events is the order of their publication", async (fixture) => {
    const client = await listener(fixture)
    const names = Array.from({ length: 900 }, (_, index) => `event_${index}`)
    for (const name of names) fixture.publish(event(name))
    assert.deepStrictEqual(await eventsSoFar(client), names)
  })

  contract("closed clients leave nothing behind", async (fixture) => {
    const sent = (await Effect.runPromise(Metric.value(framesSent))).count
    const clients = await Promise.all(Array.from({ length: 20 }, () => listener(fixture)))
    assert.strictEqual(fixture.websocketd.sessions(), 20)
    assert.strictEqual((await Effect.runPromise(Metric.value(sessionsGauge))).value, 20)
    for (const client of clients) client.webSocket.close()
    await Promise.all(clients.map((client) => client.closed))
    const last = await listener(fixture)
    fixture.publish(event("a"))
    assert.deepStrictEqual(await eventsSoFar(last), ["a"])
    assert.strictEqual(fixture.websocketd.sessions(), 1)
    assert.strictEqual(fixture.tokens.watched, 1)
    assert.strictEqual((await Effect.runPromise(Metric.value(framesSent))).count, Number(sent) + 1)
  })
})

describe("op token (events.md 4.2, 4.4)", () => {
  contract("a bad token closes with 4002", async (fixture) => {
    for (const token of [
      randomUUID(),
      "",
      "x".repeat(100_000),
      fixture.tokens.grant({ acl: ["events.#"] })
    ]) {
      const client = await listener(fixture)
      client.send({ op: "token", data: { token } })
      assert.deepStrictEqual(await client.closed, { code: 4002, reason: "authentication failed" })
    }
  })

  contract("fewer rights stop events at once, more rights resume them", async (fixture) => {
    const client = await listener(fixture)
    const poor = fixture.tokens.grant({ tenantUuid: tenant, acl: ["websocketd"] })
    const rich = fixture.tokens.grant({ tenantUuid: tenant, acl: ["#"] })
    fixture.publish(event("first"))
    assert.deepStrictEqual(await eventsSoFar(client), ["first"])
    assert.deepStrictEqual(await client.ask({ op: "token", data: { token: poor } }), done("token"))
    fixture.publish(event("second"))
    assert.deepStrictEqual(await eventsSoFar(client), [])
    assert.deepStrictEqual(await client.ask({ op: "token", data: { token: rich } }), done("token"))
    fixture.publish(event("third"))
    assert.deepStrictEqual(await eventsSoFar(client), ["third"])
  })

  contract("role and tenant filter are those of the new token", async (fixture) => {
    const client = await listener(fixture, { userUuid: alice }, ["mine", "theirs", "service"])
    const publishAll = () => {
      fixture.publish(event("mine", { class: "user", userUuids: [alice] }))
      fixture.publish(event("theirs", { tenantUuid: otherTenant }))
      fixture.publish(event("service", { class: "service" }))
    }
    publishAll()
    assert.deepStrictEqual(await eventsSoFar(client), ["mine"])
    const other = fixture.tokens.grant({ tenantUuid: otherTenant })
    await client.ask({ op: "token", data: { token: other } })
    publishAll()
    assert.deepStrictEqual(await eventsSoFar(client), ["theirs"])
    const master = fixture.tokens.grant({ tenantUuid: masterTenant })
    await client.ask({ op: "token", data: { token: master } })
    publishAll()
    assert.deepStrictEqual(await eventsSoFar(client), ["mine", "theirs", "service"])
    assert.strictEqual(fixture.tokens.watched, 1)
  })

  contract("what follows op token is handled in order, after the token was looked up", async (fixture) => {
    const client = await connectClient(fixture, 2)
    const token = fixture.tokens.grant({ tenantUuid: tenant })
    const found = delayLookups(fixture)
    client.send({ op: "token", data: { token } })
    client.send({ op: "subscribe", data: { event_name: "*" } })
    client.send({ op: "token", data: { token } })
    client.send({ op: "start" })
    client.send({ op: "ping", data: { payload: "last" } })
    found()
    assert.deepStrictEqual(
      [await client.next(), await client.next(), await client.next(), await client.next()],
      [done("token"), done("subscribe"), done("token"), done("start")]
    )
    assert.deepStrictEqual(await client.next(), { op: "pong", code: 0, data: { payload: "last" } })
  })

  contract("events keep flowing while a token is looked up", async (fixture) => {
    const client = await listener(fixture)
    const found = delayLookups(fixture)
    client.send({ op: "token", data: { token: fixture.tokens.grant({ tenantUuid: tenant }) } })
    fixture.publish(event("meanwhile"))
    assert.deepInclude(await client.next(), { op: "event" })
    found()
    assert.deepStrictEqual(await client.next(), done("token"))
  })
})

describe("end of a token (events.md 4.5)", () => {
  for (const end of ["expired", "revoked"] as const) {
    contract(`a token that is ${end} closes all its sessions with 4003 and no others`, async (fixture) => {
      const token = fixture.tokens.grant({ tenantUuid: tenant })
      const clients = [1, 2].map(
        (version) => new TestClient(fixture.port, `/?token=${token}&version=${version}`)
      )
      for (const client of clients) await client.next()
      const other = await listener(fixture)
      assert.strictEqual(fixture.tokens.watched, 2)
      fixture.tokens.end(token, end)
      for (const client of clients) {
        assert.deepStrictEqual(await client.closed, { code: 4003, reason: "authentication expired" })
      }
      fixture.publish(event("a"))
      assert.deepStrictEqual(await eventsSoFar(other), ["a"])
    })
  }

  contract("the token that op token brought is the one watched", async (fixture) => {
    const first = fixture.tokens.grant({ tenantUuid: tenant })
    const second = fixture.tokens.grant({ tenantUuid: tenant })
    const client = new TestClient(fixture.port, `/?token=${first}&version=2`)
    await client.next()
    assert.deepStrictEqual(await client.ask({ op: "token", data: { token: second } }), done("token"))
    fixture.tokens.end(first, "revoked")
    assert.deepStrictEqual(await client.ask({ op: "start" }), done("start"))
    fixture.tokens.end(second, "revoked")
    assert.deepStrictEqual(await client.closed, { code: 4003, reason: "authentication expired" })
  })
})

describe("keepalive (events.md 4.6)", () => {
  it.effect("a peer is pinged, and stays while it answers", () =>
    Effect.gen(function* () {
      const fixture = yield* startFixture()
      const client = yield* Effect.promise(() => connectClient(fixture, 2))
      for (let count = 0; count < 4; count++) {
        const pinged = new Promise<void>((resolve) => client.webSocket.once("ping", () => resolve()))
        yield* TestClock.adjust("20 seconds")
        yield* Effect.promise(() => pinged)
        // The pong that `ws` sent goes before this op.
        yield* Effect.promise(() => eventsSoFar(client))
      }
      assert.strictEqual(fixture.websocketd.sessions(), 1)
      client.webSocket.terminate()
      yield* Effect.promise(() => client.closed)
    })
  )

  it.effect("a half-open peer, which does not answer for 20 s, is dropped", () =>
    Effect.gen(function* () {
      const fixture = yield* startFixture()
      const client = yield* Effect.promise(() => connectClient(fixture, 2))
      client.webSocket.pause()
      yield* TestClock.adjust("41 seconds")
      const gone = new Promise<void>((resolve) => client.webSocket.once("close", () => resolve()))
      client.webSocket.resume()
      yield* Effect.promise(() => gone)
      assert.strictEqual(fixture.websocketd.sessions(), 0)
    })
  )

  contract("a ping of the client gets a pong with the same payload", async (fixture) => {
    const client = await connectClient(fixture, 1)
    const pongs: Array<string> = []
    const all = new Promise<void>((resolve) =>
      client.webSocket.on("pong", (payload) => {
        pongs.push(payload.toString())
        if (pongs.length === 200) resolve()
      })
    )
    for (let index = 0; index < 200; index++) client.webSocket.ping(`payload ${index}`)
    await all
    assert.deepStrictEqual(
      pongs,
      Array.from({ length: 200 }, (_, index) => `payload ${index}`)
    )
  })
})

describe("server stop (events.md 4.3)", () => {
  contract("every client is closed with 1001, also one whose token is still looked up", async (fixture) => {
    const started = await listener(fixture)
    delayLookups(fixture)
    const waiting = new TestClient(fixture.port, `/?token=${fixture.tokens.grant()}`)
    await new Promise((resolve) => waiting.webSocket.on("open", resolve))
    await Effect.runPromise(fixture.websocketd.close)
    assert.deepStrictEqual(await started.closed, { code: 1001, reason: "" })
    assert.deepStrictEqual(await waiting.closed, { code: 1001, reason: "" })
    assert.strictEqual(fixture.websocketd.sessions(), 0)
  })

  contract("a client that does not answer the close is cut off, new ones get 503", async (fixture) => {
    const client = await listener(fixture)
    client.webSocket.pause()
    const stop = Effect.runPromise(fixture.websocketd.close)
    assert.strictEqual((await http(fixture, "/api/websocketd/", "GET", upgradeHeaders)).status, 503)
    await stop
    assert.strictEqual(fixture.websocketd.sessions(), 0)
    client.webSocket.terminate()
  })
})

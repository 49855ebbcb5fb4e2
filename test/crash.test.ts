import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { startSimulator } from "../simulator/server.ts"
import { createCallCentre } from "./call-centre.ts"
import { type Client, logIn } from "./client.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { startRuntime } from "./runtime.ts"

/** A runtime on a data folder of its own that can be killed and started again, and the PBX it talks to. */
const stage = Effect.gen(function* () {
  const pbx = yield* startSimulator({
    username: "accent_amid",
    secret: "crash-secret",
    queues: [{ name: "sales" }, { name: "support" }]
  })
  const folder = yield* initialisedFolder
  const start = Effect.gen(function* () {
    const runtime = yield* startRuntime({
      STROWGER_DATA_DIR: folder,
      STROWGER_AMI_PORT: String(pbx.port),
      STROWGER_AMI_SECRET: "crash-secret"
    })
    const client = yield* logIn(runtime.url)
    yield* eventually(client.request("GET", "/api/amid/1.0/status"), amiIsUp, "30 seconds")
    return { runtime, client }
  })
  return { pbx, start }
})

const amiIsUp = ({ body }: { readonly body: unknown }) =>
  (body as { ami_socket: { status: string } }).ami_socket.status === "ok"

interface Status {
  readonly logged: boolean
  readonly paused: boolean
  readonly queues: ReadonlyArray<{ readonly name: string; readonly logged: boolean }>
}

const statusOf = (client: Client, agentId: number) =>
  Effect.map(client.request("GET", `/api/agentd/1.0/agents/by-id/${agentId}`), ({ body }) => body as Status)

describe("SIGKILL during a login", () => {
  /** What Asterisk has done with the last action that it got when the runtime dies. */
  const carriedOut = { kind: "delay", seconds: 30 } as const
  const notCarriedOut = { kind: "close-before-effect" } as const
  const moments = [
    ["QueueAdd", 1, notCarriedOut],
    ["QueueAdd", 1, carriedOut],
    ["QueueAdd", 2, carriedOut],
    ["Command", 1, notCarriedOut],
    ["Command", 6, carriedOut]
  ] as const

  for (const [action, count, fault] of moments) {
    it.live(
      `at ${action} number ${count} (${fault.kind}): afterwards the agent is off, or on duty with Asterisk agreeing`,
      () =>
        Effect.gen(function* () {
          const { pbx, start } = yield* stage
          const { runtime, client } = yield* start
          const { context, agents } = yield* createCallCentre(client, {
            agents: 1,
            queues: ["sales", "support"]
          })
          const [agent] = agents
          if (agent === undefined) return yield* Effect.die("there is an agent")
          // The queues are enabled by a first login, so that the second one adds them before the BLF commands.
          const body = { extension: agent.extension, context }
          const path = `/api/agentd/1.0/agents/by-id/${agent.id}`
          yield* client.request("POST", `${path}/login`, body)
          yield* client.request("POST", `${path}/logoff`)
          const before = pbx.actionsReceived(action).length
          pbx.fault(action, fault)
          const login = yield* Effect.forkChild(Effect.exit(client.request("POST", `${path}/login`, body)))
          yield* pbx.awaitAction(action, before + count)
          yield* runtime.kill("SIGKILL")
          yield* Fiber.interrupt(login)
          pbx.clearFaults()

          const again = yield* start
          const settled = yield* eventually(
            Effect.map(statusOf(again.client, agent.id), (status) => ({
              status,
              members: ["sales", "support"].filter((queue) => pbx.members(queue).length > 0)
            })),
            ({ status, members }) => members.length === (status.logged ? 2 : 0)
          )
          // Whatever it is now, it can be changed: the extension is held by this agent or by nobody.
          const next = settled.status.logged ? "logoff" : "login"
          const answer = yield* again.client.request("POST", `${path}/${next}`, body)
          assert.strictEqual(answer.status, 204)
          assert.strictEqual(pbx.members("sales").length, next === "login" ? 1 : 0)
          assert.strictEqual(pbx.members("support").length, next === "login" ? 1 : 0)
        }).pipe(Effect.scoped),
      180_000
    )
  }
})

describe("SIGKILL after a command was answered", () => {
  it.live(
    "the login is there after the restart, and Asterisk agrees",
    () =>
      Effect.gen(function* () {
        const { pbx, start } = yield* stage
        const { runtime, client } = yield* start
        const { context, agents } = yield* createCallCentre(client, {
          agents: 5,
          queues: ["sales", "support"]
        })
        yield* Effect.forEach(
          agents,
          (agent) =>
            Effect.map(
              client.request("POST", `/api/agentd/1.0/agents/by-id/${agent.id}/login`, {
                extension: agent.extension,
                context
              }),
              ({ status }) => assert.strictEqual(status, 204)
            ),
          { concurrency: 5 }
        )
        yield* runtime.kill("SIGKILL")
        const again = yield* start
        const states = yield* Effect.forEach(agents, ({ id }) => statusOf(again.client, id))
        assert.isTrue(states.every(({ logged, queues }) => logged && queues.every((queue) => queue.logged)))
        assert.strictEqual(pbx.members("sales").length, 5)
        assert.strictEqual(pbx.members("support").length, 5)
      }).pipe(Effect.scoped),
    180_000
  )
})

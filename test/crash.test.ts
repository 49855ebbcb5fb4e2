import { assert, layer } from "@effect/vitest"
import { type Cause, Context, Effect, Fiber, Layer, Scope } from "effect"
import { type Simulator, startSimulator } from "../simulator/server.ts"
import { createCallCentre } from "./call-centre.ts"
import { type Client, logIn } from "./client.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { type RuntimeProcess, type StartFailed, startRuntime } from "./runtime.ts"

interface Running {
  readonly runtime: RuntimeProcess
  readonly client: Client
}

/** One data folder and one PBX. Each test kills the runtime that it finds, and leaves another one on them. */
class Stage extends Context.Service<
  Stage,
  {
    readonly pbx: Simulator
    readonly running: () => Running
    readonly start: Effect.Effect<Running, StartFailed | Cause.TimeoutError>
  }
>()("test/crash/Stage") {
  static readonly layer = Layer.effect(
    Stage,
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const pbx = yield* startSimulator({ username: "accent_amid", secret: "crash-secret" })
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
      }).pipe(Effect.provideService(Scope.Scope, scope))
      let running = yield* start
      return {
        pbx,
        running: () => running,
        start: Effect.tap(start, (started) => Effect.sync(() => (running = started)))
      }
    })
  )
}

const amiIsUp = ({ body }: { readonly body: unknown }) =>
  (body as { ami_socket: { status: string } }).ami_socket.status === "ok"

let callCentres = 0

/** Agents and two queues of one test. */
const newCallCentre = Effect.fnUntraced(function* (agents: number) {
  const { pbx, running } = yield* Stage
  const number = ++callCentres
  const queues = [`sales-${number}`, `support-${number}`]
  for (const name of queues) pbx.addQueue({ name })
  const centre = yield* createCallCentre(running().client, {
    agents,
    queues,
    firstNumber: 1000 + 100 * number
  })
  return { ...centre, members: () => queues.map((queue) => pbx.members(queue).length) }
})

interface Status {
  readonly logged: boolean
  readonly paused: boolean
  readonly queues: ReadonlyArray<{ readonly name: string; readonly logged: boolean }>
}

const statusOf = (client: Client, agentId: number) =>
  Effect.map(client.request("GET", `/api/agentd/1.0/agents/by-id/${agentId}`), ({ body }) => body as Status)

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

layer(Stage.layer, { excludeTestServices: true, timeout: "120 seconds" })("SIGKILL", (it) => {
  for (const [action, count, fault] of moments) {
    it.effect(
      `during a login at ${action} number ${count} (${fault.kind}): afterwards the agent is off, or on duty with Asterisk agreeing`,
      () =>
        Effect.gen(function* () {
          const { pbx, running, start } = yield* Stage
          const { context, agents, members } = yield* newCallCentre(1)
          const { client, runtime } = running()
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
            Effect.map(statusOf(again.client, agent.id), (status) => ({ status, members: members() })),
            ({ status, members: [sales, support] }) => sales === support && sales === (status.logged ? 1 : 0)
          )
          // Whatever it is now, it can be changed: the extension is held by this agent or by nobody.
          const next = settled.status.logged ? "logoff" : "login"
          const answer = yield* again.client.request("POST", `${path}/${next}`, body)
          assert.strictEqual(answer.status, 204)
          assert.deepStrictEqual(members(), next === "login" ? [1, 1] : [0, 0])
        }),
      120_000
    )
  }

  it.effect(
    "after a login was answered: it is there after the restart, and Asterisk agrees",
    () =>
      Effect.gen(function* () {
        const { running, start } = yield* Stage
        const { context, agents, members } = yield* newCallCentre(5)
        const { client, runtime } = running()
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
        assert.deepStrictEqual(members(), [5, 5])
      }),
    120_000
  )
})

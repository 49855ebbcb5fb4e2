import { Context, Effect, Layer } from "effect"
import type { AgentdError } from "../../schemas/agentd/errors.ts"
import {
  agentNotLoggedIn,
  asteriskRefused,
  asteriskUnreachable,
  databaseUnreachable,
  type SupervisorError,
  unknownAgent,
  unknownCall
} from "../../schemas/supervisor/errors.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Ami, header } from "../../runtime/ami/ami.ts"
import { AgentChanges } from "../agent/agent-changes.ts"
import { agentActor } from "../agent/agent.ts"
import { Agents } from "../agent/agents.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { LogoffReasons } from "./logoff-reasons.ts"
import { QueueBoard } from "./queue-board.ts"
import { type Phone, type SpyMode, spyOn } from "./spying.ts"
import { databaseAway } from "./supervision.ts"

/** An agent among those of the tenants that the caller sees. */
export interface Subject {
  readonly agentId: number
  readonly tenants: ReadonlyArray<string>
}

/**
 * What a supervisor does to agents and calls. An agent that cannot be seen is a 404, one in the wrong state a 409;
 * without Asterisk everything is a 503 and nothing changes.
 */
export class SupervisorDesk extends Context.Service<
  SupervisorDesk,
  {
    readonly pause: (subject: Subject, reason: string | null) => Effect.Effect<void, SupervisorError>
    readonly unpause: (subject: Subject) => Effect.Effect<void, SupervisorError>
    readonly logoff: (subject: Subject, reason: string | null) => Effect.Effect<void, SupervisorError>
    /** Rings the supervisor's phone and connects it to the agent's conversation. */
    readonly spy: (subject: Subject, mode: SpyMode, phone: Phone) => Effect.Effect<void, SupervisorError>
    /** Ends a call of a queue, waiting or connected, by the uniqueid or name of its caller's channel. */
    readonly hangup: (call: string, tenants: ReadonlyArray<string>) => Effect.Effect<void, SupervisorError>
  }
>()("strowger/actors/supervisor/SupervisorDesk") {
  static readonly layer: Layer.Layer<
    SupervisorDesk,
    never,
    Agents | AgentChanges | ActorSystem | Ami | CallCentre | LogoffReasons | QueueBoard
  > = Layer.effect(
    SupervisorDesk,
    Effect.suspend(() => makeDesk)
  )
}

const makeDesk = Effect.gen(function* () {
  const agents = yield* Agents
  const changes = yield* AgentChanges
  const system = yield* ActorSystem
  const ami = yield* Ami
  const callCentre = yield* CallCentre
  const reasons = yield* LogoffReasons
  const board = yield* QueueBoard
  const services = yield* Effect.context<ActorSystem | Ami | CallCentre | QueueBoard>()

  const known = Effect.fnUntraced(function* ({ agentId, tenants }: Subject) {
    return (yield* databaseAway(callCentre.agent(agentId, tenants))) ?? (yield* unknownAgent(agentId))
  })
  const contextOf = (agentId: number) =>
    Effect.map(databaseAway(system.peek(agentActor, String(agentId))), (view) => view?.context)
  const asteriskIsThere = Effect.suspend(() =>
    ami.up() ? Effect.void : Effect.fail(asteriskUnreachable("no AMI session"))
  )
  /** The guards of every command to an agent, in their order. */
  const onDuty = Effect.fnUntraced(function* (subject: Subject) {
    yield* known(subject)
    const context = yield* contextOf(subject.agentId)
    if (!context?.session) return yield* agentNotLoggedIn(subject.agentId)
    yield* asteriskIsThere
  })
  const command = (subject: Subject, act: Effect.Effect<void, AgentdError>) =>
    Effect.andThen(
      onDuty(subject),
      Effect.mapError(act, (error) => inOurWords(error, subject.agentId))
    )
  const refOf = ({ agentId, tenants }: Subject) => ({ id: agentId, tenants })

  return SupervisorDesk.of({
    pause: (subject, reason) => command(subject, agents.pause(refOf(subject), reason)),
    unpause: (subject) => command(subject, agents.unpause(refOf(subject))),
    logoff: Effect.fnUntraced(function* (subject, reason) {
      yield* command(subject, agents.logoff(refOf(subject)))
      if (reason === null) return
      reasons.put(subject.agentId, (yield* contextOf(subject.agentId))?.loggedOffAt ?? null, reason)
      changes.changed(subject.agentId)
    }),
    spy: Effect.fnUntraced(function* (subject, mode, phone) {
      const agent = yield* known(subject)
      yield* spyOn(agent, subject.tenants, mode, phone).pipe(Effect.provideContext(services))
    }),
    hangup: Effect.fnUntraced(function* (id, tenants) {
      const call = board.call(id)
      const queues = yield* databaseAway(callCentre.queuesOf(tenants))
      if (call === undefined || !queues.some(({ name }) => name === call.queue)) return yield* unknownCall(id)
      yield* asteriskIsThere
      const { response } = yield* ami
        .send({ action: "Hangup", headers: [["Channel", call.channel]] })
        .pipe(Effect.mapError(({ message }) => asteriskUnreachable(message)))
      if (header(response, "Response") !== "Error") return
      const message = header(response, "Message") ?? ""
      return yield* message === "No such channel" ? unknownCall(id) : asteriskRefused(message)
    })
  })
})

const inOurWords = ({ error }: AgentdError, agentId: number): SupervisorError => {
  switch (error) {
    case "no such agent":
      return unknownAgent(agentId)
    case "not logged in":
      return agentNotLoggedIn(agentId)
    case "the database is not available":
      return databaseUnreachable()
    default:
      return asteriskUnreachable(error)
  }
}

import { Console, Effect, Scope } from "effect"
import { header } from "../runtime/ami/ami.ts"
import type { PbxEvent } from "./engine.ts"
import type { SimulatedQueue } from "./pbx.ts"
import {
  type Simulator,
  type SimulatorNotListening,
  type SimulatorOptions,
  startSimulator
} from "./server.ts"

/** `strowger simulate`. */
export interface RunOptions
  extends Pick<SimulatorOptions, "host" | "port" | "username" | "secret" | "seed" | "speed"> {
  /** Names of the queues. */
  readonly queues: ReadonlyArray<string>
  /** Callers of each queue. */
  readonly callsPerMinute: number
  /** Members that each queue starts with; 0 leaves that to whoever adds them over AMI. */
  readonly agents: number
}

/** Runs a simulated PBX until it is interrupted, and tells on the console what happens in it. */
export const runSimulator = ({
  queues,
  callsPerMinute,
  agents,
  ...options
}: RunOptions): Effect.Effect<never, SimulatorNotListening> =>
  Effect.scoped(
    Effect.gen(function* () {
      const simulated = queues.map((name): SimulatedQueue => ({ name, ...QUEUE_HABITS, callsPerMinute }))
      const simulator = yield* startSimulator({ ...options, queues: simulated })
      for (const name of queues) addAgents(simulator, name, agents)
      const host = options.host ?? "127.0.0.1"
      yield* Console.log(
        `simulated PBX: AMI on ${host}:${simulator.port}, user ${options.username ?? "strowger"}, queues ${queues.join(", ")}`
      )
      yield* narrate(simulator)
      return yield* Effect.never
    })
  )

/** Writes a line to the console for what a supervisor would want to know of; ends with the scope. */
export const narrate = (simulator: Simulator): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const console = yield* Console.Console
    const tell = limited(LINES_A_SECOND, (line) => console.log(line))
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        simulator.onEvent((event) => {
          const line = sentence(event)
          if (line !== undefined) tell(line)
        })
      ),
      (stop) => Effect.sync(stop)
    )
  })

/** What an event means in words; undefined for the many that say nothing to a supervisor. */
export const sentence = ({ name, message }: PbxEvent): string | undefined => {
  const get = (key: string) => header(message, key) ?? ""
  const tell = SENTENCES[name]
  return tell === undefined ? undefined : `${get("Queue").padEnd(QUEUE_WIDTH)} ${tell(get)}`
}

const SENTENCES: Record<string, (get: (key: string) => string) => string> = {
  QueueCallerJoin: (get) => `${callerOf(get)} waits, ${get("Count")} in line`,
  QueueCallerAbandon: (get) => `${callerOf(get)} gave up after ${get("HoldTime")} s`,
  AgentCalled: (get) => `${get("MemberName")} rings`,
  AgentConnect: (get) => `${get("MemberName")} talks to ${callerOf(get)}`,
  AgentComplete: (get) => `${get("MemberName")} is done after ${get("TalkTime")} s, ${get("Reason")} hung up`,
  AgentRingNoAnswer: (get) => `${get("MemberName")} did not answer`,
  QueueMemberAdded: (get) => `${get("MemberName")} is in`,
  QueueMemberRemoved: (get) => `${get("MemberName")} is out`,
  QueueMemberPause: (get) =>
    get("Paused") === "1" ? `${get("MemberName")} pauses${reasonOf(get)}` : `${get("MemberName")} is back`
}

const callerOf = (get: (key: string) => string): string =>
  `${get("CallerIDName").replace(/\\(.)/g, "$1")} (${get("CallerIDNum")})`

const reasonOf = (get: (key: string) => string): string =>
  get("PausedReason") === "" ? "" : `: ${get("PausedReason")}`

/** Passes on that many lines a second, and says how many it held back. */
const limited = (perSecond: number, write: (line: string) => void): ((line: string) => void) => {
  let second = 0
  let written = 0
  let heldBack = 0
  return (line) => {
    const present = Math.floor(performance.now() / 1000)
    if (present !== second) {
      if (heldBack > 0) write(`… and ${heldBack} more`)
      second = present
      written = 0
      heldBack = 0
    }
    if (written++ < perSecond) write(line)
    else heldBack++
  }
}

const addAgents = (simulator: Simulator, queue: string, count: number): void => {
  for (let id = 1; id <= count; id++) {
    simulator.addMember(queue, {
      interfaceName: `Local/id-${id}@agentcallback`,
      memberName: `Agent/${FIRST_AGENT_NUMBER + id}`,
      stateInterface: `PJSIP/line${id}`
    })
  }
}

const QUEUE_HABITS = { strategy: "leastrecent", serviceLevel: 20, wrapUpTime: 5 } as const
const FIRST_AGENT_NUMBER = 1000
const LINES_A_SECOND = 10
const QUEUE_WIDTH = 10

import { Effect } from "effect"
import { interfaceOf } from "../../schemas/agentd/agent.ts"
import {
  agentNotTalking,
  asteriskRefused,
  asteriskUnreachable,
  invalidField,
  type SupervisorError
} from "../../schemas/supervisor/errors.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Ami, type AmiAction, type AmiError, type AmiMessage, header } from "../../runtime/ami/ami.ts"
import { agentActor } from "../agent/agent.ts"
import { type AgentConfig, CallCentre } from "../pbx/call-centre.ts"
import { activityOf } from "./agent-activity.ts"
import type { QueueCall } from "./live-queues.ts"
import { QueueBoard } from "./queue-board.ts"
import { databaseAway } from "./supervision.ts"

/** `listen`: hear both; `whisper`: be heard by the agent too; `barge`: be heard by both. */
export type SpyMode = "listen" | "whisper" | "barge"

/** The supervisor's own phone, by exactly one of the two. */
export type Phone = { readonly interface: string } | { readonly extension: string; readonly context: string }

/**
 * Rings the supervisor's phone; who answers is connected to the agent's conversation until one of them hangs up.
 * The phone must be a line of the tenants, or an extension in one of their contexts (400); the agent must be
 * talking (409).
 */
export const spyOn = Effect.fnUntraced(function* (
  agent: AgentConfig,
  tenants: ReadonlyArray<string>,
  mode: SpyMode,
  phone: Phone
): Effect.fn.Return<void, SupervisorError, ActorSystem | Ami | CallCentre | QueueBoard> {
  const dialled = yield* dialString(phone, tenants)
  const system = yield* ActorSystem
  const board = yield* QueueBoard
  const view = yield* databaseAway(system.peek(agentActor, String(agent.id)))
  const device = view?.context.session?.stateInterface
  if (device === undefined || activityOf(view).state !== "talking") return yield* agentNotTalking(agent.id)

  const channels = yield* send({ action: "CoreShowChannels" })
  const leg = legOf(device, board.conversationOf(interfaceOf(agent.id)), channels.events)
  if (leg === undefined) return yield* agentNotTalking(agent.id)
  const { response } = yield* send({
    action: "Originate",
    headers: [
      ["Channel", dialled],
      ["Application", "ChanSpy"],
      ["Data", `${leg},${spyOptions[mode]}`],
      ["CallerID", `"Agent ${agent.number}" <${agent.number}>`],
      ["Timeout", "30000"],
      ["Async", "true"]
    ]
  })
  if (header(response, "Response") === "Error") {
    return yield* asteriskRefused(header(response, "Message") ?? "")
  }
})

/** Quiet; in whisper or barge mode; over when the agent hangs up. */
const spyOptions: Readonly<Record<SpyMode, string>> = { listen: "qE", whisper: "qwE", barge: "qBE" }

const send = (action: AmiAction) =>
  Effect.flatMap(Ami, (ami) =>
    Effect.mapError(ami.send(action), ({ message }: AmiError) => asteriskUnreachable(message))
  )

const dialString = Effect.fnUntraced(function* (phone: Phone, tenants: ReadonlyArray<string>) {
  const callCentre = yield* CallCentre
  if ("interface" in phone) {
    const isTheirs = yield* databaseAway(callCentre.ownsDevice(phone.interface, tenants))
    return isTheirs
      ? phone.interface
      : yield* invalidField("interface", "No line of the tenant has this device")
  }
  const tenant = yield* databaseAway(callCentre.contextTenant(phone.context))
  return tenant !== undefined && tenants.includes(tenant)
    ? `Local/${phone.extension}@${phone.context}`
    : yield* invalidField("context", "No such context")
})

/** The channel by which an agent takes part in a conversation: its device's, not the Local one of the queue. */
const legOf = (
  device: string,
  conversation: QueueCall | undefined,
  channels: ReadonlyArray<AmiMessage>
): string | undefined => {
  const bridged = channels.filter(
    (channel) =>
      (header(channel, "Channel") ?? "").startsWith(`${device}-`) &&
      (header(channel, "BridgeId") ?? "") !== ""
  )
  const ofCall = bridged.find(
    (channel) => conversation !== undefined && header(channel, "Linkedid") === conversation.linkedid
  )
  const leg = ofCall ?? bridged[0]
  return leg && header(leg, "Channel")
}

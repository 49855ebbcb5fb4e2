import type { AgentIdentity } from "../../schemas/agentd/agent.ts"
import type { AmiAction } from "../../runtime/ami/ami.ts"

/** The feature extensions that agent BLF keys are made of (contracts/callcenter.md 12), with their defaults. */
const features = {
  phoneprogfunckey: "_*735.",
  agentstaticlogin: "_*31.",
  agentstaticlogoff: "_*32.",
  agentstaticlogtoggle: "_*30."
} as const

const states = {
  login: { agentstaticlogin: "INUSE", agentstaticlogoff: "NOT_INUSE", agentstaticlogtoggle: "INUSE" },
  logoff: { agentstaticlogin: "NOT_INUSE", agentstaticlogoff: "INUSE", agentstaticlogtoggle: "NOT_INUSE" }
} as const

const order = ["agentstaticlogin", "agentstaticlogoff", "agentstaticlogtoggle"] as const

/**
 * The six commands that light or darken the agent's keys on the phones of one of its users
 * (contracts/callcenter.md 8.3).
 */
export const blfCommands = (
  userId: number,
  agent: Pick<AgentIdentity, "id" | "number">,
  moment: "login" | "logoff"
): ReadonlyArray<AmiAction> =>
  order.flatMap((feature) =>
    [`*${agent.id}`, agent.number].map((target) => ({
      action: "Command",
      headers: [
        [
          "Command",
          `devstate change Custom:${hint([String(userId), digitsOf(features[feature]), target])} ${states[moment][feature]}`
        ]
      ]
    }))
  )

/** A pattern extension without its leading underscore and from its first wildcard on. */
const digitsOf = (extension: string): string =>
  extension.startsWith("_") ? extension.slice(1).replace(/[[NXZ!.].*$/, "") : extension

/** The hint of a programmed function key: its prefix and its parts, each part's stars escaped by its position. */
const hint = (parts: ReadonlyArray<string>): string =>
  `${digitsOf(features.phoneprogfunckey)}${parts
    .map((part, index) => part.replaceAll("*", `**${index + 1}`))
    .join("*")}`

import type { HttpServerRequest } from "effect/http"
import type { LineDevice } from "../../actors/device/lines/line-devices.ts"
import type { Agent } from "../../schemas/confd/agent.ts"
import type { Conference } from "../../schemas/confd/conference.ts"
import type { Context } from "../../schemas/confd/context.ts"
import type { Device } from "../../schemas/confd/device.ts"
import type { CustomEndpoint, SipEndpoint } from "../../schemas/confd/endpoint.ts"
import type { Extension } from "../../schemas/confd/extension.ts"
import type { Line, LineOfUser } from "../../schemas/confd/line.ts"
import type { Queue } from "../../schemas/confd/queue.ts"
import type { User } from "../../schemas/confd/user.ts"

/** Writes the links of a resource: `[{"rel", "href"}]` (contracts/callcenter.md 10). */
export type Linker = (rel: Rel, key: number | string) => ReadonlyArray<{ rel: Rel; href: string }>

const paths = {
  agents: "agents",
  conferences: "conferences",
  contexts: "contexts",
  devices: "devices",
  endpoint_custom: "endpoints/custom",
  endpoint_sip: "endpoints/sip",
  extensions: "extensions",
  lines: "lines",
  queues: "queues",
  users: "users"
} as const

/** What is linked to: the name of the relation. */
export type Rel = keyof typeof paths

/** Links as the caller can follow them: at the host that it asked. */
export const linkerOf = ({ headers }: HttpServerRequest.HttpServerRequest): Linker => {
  const scheme = headers["x-forwarded-proto"] === "https" ? "https" : "http"
  const origin = headers["host"] === undefined ? "" : `${scheme}://${headers["host"]}`
  return (rel, key) => [{ rel, href: `${origin}/api/confd/1.1/${paths[rel]}/${key}` }]
}

/** The link to the thing itself, for `Location`. */
export const locationOf = (link: Linker, rel: Rel, key: number | string): string =>
  link(rel, key)[0]?.href ?? ""

export const presentContext = (link: Linker) => (context: Context) => ({
  ...context,
  links: link("contexts", context.id)
})

export const presentAgent = (link: Linker) => (agent: Agent) => ({
  ...agent,
  queues: agent.queues.map(withId(link, "queues")),
  users: agent.users.map(withUuid(link)),
  links: link("agents", agent.id)
})

export const presentQueue = (link: Linker) => (queue: Queue) => ({
  ...queue,
  members: {
    agents: queue.members.agents.map(withId(link, "agents")),
    users: queue.members.users.map(withUuid(link))
  },
  links: link("queues", queue.id)
})

const presentLineOfUser = (link: Linker) => (line: LineOfUser) => ({
  ...line,
  endpoint_sip: line.endpoint_sip && {
    ...line.endpoint_sip,
    links: link("endpoint_sip", line.endpoint_sip.uuid)
  },
  endpoint_custom: line.endpoint_custom && withId(link, "endpoint_custom")(line.endpoint_custom),
  extensions: line.extensions.map(withId(link, "extensions")),
  links: link("lines", line.id)
})

export const presentLine = (link: Linker) => (line: Line) => ({
  ...presentLineOfUser(link)(line),
  users: line.users.map(withUuid(link))
})

export const presentUser = (link: Linker) => (user: User) => ({
  ...user,
  lines: user.lines.map(presentLineOfUser(link)),
  agent: user.agent && withId(link, "agents")(user.agent),
  queues: user.queues.map(withId(link, "queues")),
  links: link("users", user.id)
})

export const presentExtension = (link: Linker) => (extension: Extension) => ({
  ...extension,
  lines: extension.lines.map(withId(link, "lines")),
  conference: extension.conference && withId(link, "conferences")(extension.conference),
  links: link("extensions", extension.id)
})

export const presentConference = (link: Linker) => (conference: Conference) => ({
  ...conference,
  extensions: conference.extensions.map(withId(link, "extensions")),
  links: link("conferences", conference.id)
})

export const presentCustomEndpoint = (link: Linker) => (endpoint: CustomEndpoint) => ({
  ...endpoint,
  line: endpoint.line && withId(link, "lines")(endpoint.line),
  links: link("endpoint_custom", endpoint.id)
})

export const presentSipEndpoint = (link: Linker) => (endpoint: SipEndpoint) => ({
  ...endpoint,
  line: endpoint.line && withId(link, "lines")(endpoint.line),
  links: link("endpoint_sip", endpoint.uuid)
})

export const presentDevice = (link: Linker) => (device: Device) => ({
  ...device,
  links: link("devices", device.id)
})

export const presentLineDevice = (link: Linker) => (association: LineDevice) => ({
  ...association,
  links: [...link("lines", association.line_id), ...link("devices", association.device_id)]
})

const withId =
  (link: Linker, rel: Rel) =>
  <T extends { readonly id: number }>(thing: T) => ({ ...thing, links: link(rel, thing.id) })

const withUuid =
  (link: Linker) =>
  <T extends { readonly uuid: string }>(user: T) => ({ ...user, links: link("users", user.uuid) })

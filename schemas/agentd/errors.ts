import { Schema } from "effect"

/** The error body of agentd (contracts/callcenter.md 2); clients compare `error` literally. */
const body = { error: Schema.String }

export class BadRequest extends Schema.Error<BadRequest>("agentd/BadRequest")(body, { httpApiStatus: 400 }) {}
export class Unauthorized extends Schema.Error<Unauthorized>("agentd/Unauthorized")(body, {
  httpApiStatus: 401
}) {}
export class NotFound extends Schema.Error<NotFound>("agentd/NotFound")(body, { httpApiStatus: 404 }) {}
export class Conflict extends Schema.Error<Conflict>("agentd/Conflict")(body, { httpApiStatus: 409 }) {}
export class Unavailable extends Schema.Error<Unavailable>("agentd/Unavailable")(body, {
  httpApiStatus: 503
}) {}

export const invalidFields = (names: ReadonlyArray<string>) =>
  new BadRequest({ error: `invalid fields: ${names.join(", ")}` })
export const tenantsOfAgentAndContextDiffer = () =>
  new BadRequest({ error: "agent and context are not in the same tenant" })
export const noSuchLine = () => new BadRequest({ error: "no such line" })
export const tenantsOfAgentAndQueueDiffer = () =>
  new BadRequest({ error: "agent and queue are not in the same tenant" })
export const unauthorized = () => new Unauthorized({ error: "invalid token or unauthorized" })
export const noSuchAgent = () => new NotFound({ error: "no such agent" })
export const noSuchExtension = () => new NotFound({ error: "no such extension and context" })
export const noSuchQueue = () => new NotFound({ error: "no such queue" })
export const alreadyLogged = () => new Conflict({ error: "already logged" })
export const notLoggedIn = () => new Conflict({ error: "not logged in" })
export const extensionInUse = () => new Conflict({ error: "extension and context already in use" })
export const alreadyInQueue = () => new Conflict({ error: "agent already in queue" })
export const notInQueue = () => new Conflict({ error: "agent not in queue" })
export const unavailable = (error: string) => new Unavailable({ error })

/** Every way an agentd command can be refused. */
export type AgentdError = BadRequest | NotFound | Conflict | Unavailable

import { Schema } from "effect"
import { Id } from "../common/fields.ts"
import { FreeText, formed, Links, nullable, text, type Unlinked, whole } from "./fields.ts"

/** Agents: the call-centre identity (contracts/callcenter.md 3.1 and 10). */

export const AgentNumber = formed(/^[0-9*#]{1,40}$/, 40)

const settings = {
  firstname: nullable(text(128)),
  lastname: nullable(text(128)),
  password: nullable(text(128)),
  language: nullable(text(20)),
  preprocess_subroutine: nullable(text(79)),
  description: nullable(FreeText)
}

const penalty = Schema.optionalKey(whole(0))

/** A queue given with a new agent. */
export const AgentQueues = Schema.Array(Schema.Struct({ id: Id, penalty, priority: penalty })).check(
  Schema.isMaxLength(1000)
)

export const AgentCreation = Schema.Struct({
  ...settings,
  number: AgentNumber,
  queues: Schema.optionalKey(AgentQueues)
})
export type AgentCreation = typeof AgentCreation.Type

/** The number cannot be changed; one that is sent is ignored. */
export const AgentEdit = Schema.Struct(settings)
export type AgentEdit = typeof AgentEdit.Type

export const Agent = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  number: Schema.String,
  firstname: Schema.NullOr(Schema.String),
  lastname: Schema.NullOr(Schema.String),
  password: Schema.NullOr(Schema.String),
  language: Schema.NullOr(Schema.String),
  preprocess_subroutine: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  queues: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      name: Schema.String,
      label: Schema.NullOr(Schema.String),
      penalty: Schema.Int,
      links: Links
    })
  ),
  skills: Schema.Array(Schema.Never),
  users: Schema.Array(
    Schema.Struct({
      uuid: Schema.String,
      firstname: Schema.String,
      lastname: Schema.NullOr(Schema.String),
      links: Links
    })
  ),
  links: Links
})
export type Agent = Unlinked<typeof Agent.Type>

export const agentColumns = [
  "id",
  "number",
  "firstname",
  "lastname",
  "language",
  "preprocess_subroutine",
  "description"
] as const

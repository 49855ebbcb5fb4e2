import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { Transactions } from "../../runtime/bus/changes.ts"
import type { Tenants } from "../identity/tenants.ts"
import { Agents } from "./agents.ts"
import type { CallCentreCache } from "./call-centre-cache.ts"
import { Conferences } from "./conferences.ts"
import { Contexts } from "./contexts.ts"
import { CustomEndpoints, SipEndpoints } from "./endpoints.ts"
import { Extensions } from "./extensions.ts"
import { LineEndpoints } from "./line-endpoints.ts"
import { LineExtensions } from "./line-extensions.ts"
import { Lines } from "./lines.ts"
import { QueueMembers } from "./queue-members.ts"
import { Queues } from "./queues.ts"
import { tenantRemovalLayer } from "./tenant-removal.ts"
import { UserAgents } from "./user-agents.ts"
import { UserLines } from "./user-lines.ts"
import { Users } from "./users.ts"

/** Everything that is configured (contracts/callcenter.md 3.1). */
export type Pbx =
  | Agents
  | Conferences
  | Contexts
  | CustomEndpoints
  | Extensions
  | LineEndpoints
  | LineExtensions
  | Lines
  | QueueMembers
  | Queues
  | SipEndpoints
  | UserAgents
  | UserLines
  | Users

/**
 * The configuration on a migrated database (`pbxMigrations`). The cache comes with `callCentreLayer`; provide
 * `LoggedExtensions` to keep contexts in use from deletion.
 */
export const pbxLayer: Layer.Layer<
  Pbx,
  never,
  SqlClient.SqlClient | Transactions | CallCentreCache | Tenants | EventBus
> = Layer.mergeAll(
  Agents.layer,
  Conferences.layer,
  Contexts.layer,
  CustomEndpoints.layer,
  Extensions.layer,
  LineEndpoints.layer,
  LineExtensions.layer,
  Lines.layer,
  QueueMembers.layer,
  Queues.layer,
  SipEndpoints.layer,
  UserAgents.layer,
  UserLines.layer,
  Users.layer,
  tenantRemovalLayer
)

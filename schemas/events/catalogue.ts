import * as agentd from "./agentd.ts"
import * as auth from "./auth.ts"
import * as confd from "./confd.ts"
import type { EventDefinition } from "./envelope.ts"
import * as supervisor from "./supervisor.ts"
import {
  noticeNames,
  webhookdNotice,
  webhookdSubscriptionCreated,
  webhookdSubscriptionDeleted,
  webhookdSubscriptionUpdated,
  webhookdUserSubscription
} from "./webhookd.ts"

/** Every event that the services of the runtime publish, by service (contracts/events.md 3). */
export const catalogue: Readonly<Record<string, ReadonlyArray<EventDefinition>>> = {
  agentd: listed(agentd),
  auth: listed(auth),
  confd: listed(confd),
  supervisor: listed(supervisor),
  webhookd: [
    webhookdSubscriptionCreated,
    webhookdSubscriptionUpdated,
    webhookdSubscriptionDeleted,
    ...(["created", "updated", "deleted"] as const).map((verb) =>
      webhookdUserSubscription(verb, "{user_uuid}")
    ),
    ...noticeNames.map((name) => webhookdNotice(name, false))
  ]
}

/** The right a client needs for an event, as a format; null when none. */
export const requiredAclOf = ({ acl, routingKey }: EventDefinition): string | null =>
  acl === undefined ? `events.${routingKey}` : acl

/** In the order of their names: that of a module's exports is not the same everywhere. */
function listed(definitions: Readonly<Record<string, EventDefinition>>): ReadonlyArray<EventDefinition> {
  return Object.values(definitions).sort((one, other) => (one.name < other.name ? -1 : 1))
}

import type { PublishedEvent } from "../../runtime/bus/event-bus.ts"
import type { HeaderValue } from "../../schemas/events/envelope.ts"
import type { ProtocolVersion } from "../../schemas/websocketd/frames.ts"
import type { Rights } from "./rights.ts"
import { textFrame } from "./wire-frame.ts"

/** A started session as the fan-out sees it. */
export interface Subscriber {
  readonly version: ProtocolVersion
  readonly rights: Rights
  readonly filters: EventFilters
  /** Hands over the frame of an event; must not block or throw. */
  readonly deliver: (frame: Buffer) => void
}

/** Names of more characters belong to no event. */
const longestEventName = 256

/** More distinct names than the whole catalogue of events and of AMI has, several times over. */
const mostFilters = 4_096

/** The event names that a session subscribed to. Only ever grows; after `*` names make no difference. */
export class EventFilters {
  readonly names = new Set<string>()
  everything = false

  /** False when the session already holds as many names as it may. */
  add(name: string): boolean {
    if (name === "*") this.everything = true
    if (this.everything || name.length > longestEventName || this.names.has(name)) return true
    if (this.names.size >= mostFilters) return false
    this.names.add(name)
    return true
  }
}

/** The started sessions of one tenant. A session stands in `everything` or under its names, never in both. */
interface Audience {
  readonly everything: Set<Subscriber>
  readonly byName: Map<string, Set<Subscriber>>
}

/**
 * From an event to the sessions that may see it (contracts/events.md 4.4). Plain code over an index by the tenant of
 * the session's token and by event name; the event is serialised once per protocol version, whatever the number of
 * sessions.
 */
export class FanOut {
  readonly #originUuid: string
  readonly #masterTenant: string
  readonly #audiences = new Map<string, Audience>()

  constructor(originUuid: string, masterTenant: string) {
    this.#originUuid = originUuid
    this.#masterTenant = masterTenant
  }

  /** From now on the session gets events. */
  enter(subscriber: Subscriber): void {
    if (subscriber.filters.everything) this.#audienceOf(subscriber).everything.add(subscriber)
    else for (const name of subscriber.filters.names) this.listen(subscriber, name)
  }

  /** An entered session subscribed to one more name. */
  listen(subscriber: Subscriber, name: string): void {
    if (subscriber.filters.everything) {
      if (this.#audiences.get(subscriber.rights.tenantUuid)?.everything.has(subscriber)) return
      this.leave(subscriber)
      this.enter(subscriber)
    } else if (subscriber.filters.names.has(name)) {
      const { byName } = this.#audienceOf(subscriber)
      const listeners = byName.get(name)
      if (listeners === undefined) byName.set(name, new Set([subscriber]))
      else listeners.add(subscriber)
    }
  }

  /** From now on the session gets no events. Call it before the session's rights change. */
  leave(subscriber: Subscriber): void {
    const { tenantUuid } = subscriber.rights
    const audience = this.#audiences.get(tenantUuid)
    if (audience === undefined) return
    audience.everything.delete(subscriber)
    for (const name of subscriber.filters.names) {
      const listeners = audience.byName.get(name)
      if (listeners?.delete(subscriber) && listeners.size === 0) audience.byName.delete(name)
    }
    if (audience.everything.size === 0 && audience.byName.size === 0) this.#audiences.delete(tenantUuid)
  }

  /** Hands the event to every session that may see it, to each once. The number of sessions it went to. */
  publish(event: PublishedEvent): number {
    const { origin_uuid, required_acl, tenant_uuid } = event.headers
    if (origin_uuid !== this.#originUuid || !isAcl(required_acl)) return 0
    const delivery = new Delivery(event, required_acl)
    delivery.to(this.#audiences.get(this.#masterTenant))
    if (typeof tenant_uuid === "string" && tenant_uuid !== this.#masterTenant) {
      delivery.to(this.#audiences.get(tenant_uuid))
    }
    return delivery.count
  }

  #audienceOf({ rights }: Subscriber): Audience {
    const known = this.#audiences.get(rights.tenantUuid)
    if (known !== undefined) return known
    const audience: Audience = { everything: new Set(), byName: new Map() }
    this.#audiences.set(rights.tenantUuid, audience)
    return audience
  }
}

/** Without the header an event is for services only. */
const isAcl = (header: HeaderValue | undefined): header is string | null =>
  header === null || typeof header === "string"

/** One event on its way. */
class Delivery {
  readonly #event: PublishedEvent
  readonly #requiredAcl: string | null
  readonly #toEveryUser: boolean
  #version1: Buffer | undefined
  #version2: Buffer | undefined
  count = 0

  constructor(event: PublishedEvent, requiredAcl: string | null) {
    this.#event = event
    this.#requiredAcl = requiredAcl
    this.#toEveryUser = event.headers["user_uuid:*"] === true
  }

  to(audience: Audience | undefined): void {
    if (audience === undefined) return
    this.#each(audience.everything)
    const listeners = audience.byName.get(this.#event.name)
    if (listeners !== undefined) this.#each(listeners)
  }

  #each(subscribers: Set<Subscriber>): void {
    for (const subscriber of subscribers) {
      if (!this.#isSeenWith(subscriber.rights)) continue
      subscriber.deliver(this.#frame(subscriber.version))
      this.count++
    }
  }

  #isSeenWith(rights: Rights): boolean {
    if (rights.onlyUser && !this.#toEveryUser && this.#event.headers[rights.userHeader] !== true) return false
    return this.#requiredAcl === null || rights.allows(this.#requiredAcl)
  }

  #frame(version: ProtocolVersion): Buffer {
    if (version === 1) return (this.#version1 ??= textFrame(this.#event.json))
    return (this.#version2 ??= textFrame(`{"op":"event","code":0,"data":${this.#event.json}}`))
  }
}

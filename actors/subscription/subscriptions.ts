import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { ActorHost } from "../../runtime/actor/host.ts"
import { Platform } from "../../runtime/platform.ts"
import {
  type SubscriptionVerb,
  webhookdSubscriptionCreated,
  webhookdSubscriptionDeleted,
  webhookdSubscriptionUpdated,
  webhookdUserSubscription
} from "../../schemas/events/webhookd.ts"
import { type NotFound, noSuchSubscription } from "../../schemas/webhookd/errors.ts"
import type {
  Subscription,
  SubscriptionBody,
  UserSubscriptionBody
} from "../../schemas/webhookd/subscription.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import type { KeyTaken, NoteAnswer } from "./idempotency-keys.ts"
import { Sealing } from "./sealing.ts"
import { newSecret } from "./signature.ts"
import { subscriptionActor } from "./subscription.ts"

/** Which subscriptions somebody may touch: those of some tenants, and perhaps of one owner only. */
export interface SubscriptionScope {
  readonly tenants: ReadonlyArray<string>
  readonly ownerUserUuid?: string
}

/**
 * The stored rules (contracts/webhooks.md 2 and 5). A change is in force when its effect completes: events are
 * matched against the table, in the transaction that takes them out of the outbox.
 */
export class Subscriptions extends Context.Service<
  Subscriptions,
  {
    /** In the order of creation. `metadata`: every pair must be there. */
    readonly list: (
      scope: SubscriptionScope,
      metadata: Readonly<Record<string, string>>
    ) => Effect.Effect<ReadonlyArray<Subscription>>
    readonly get: (scope: SubscriptionScope, uuid: string) => Effect.Effect<Subscription, NotFound>
    readonly create: (
      tenantUuid: string,
      body: SubscriptionBody,
      note?: NoteAnswer
    ) => Effect.Effect<Subscription, KeyTaken>
    /** Owned by the user, for events addressed to the user on this platform. */
    readonly createOwned: (
      tenantUuid: string,
      userUuid: string,
      body: UserSubscriptionBody,
      note?: NoteAnswer
    ) => Effect.Effect<Subscription, KeyTaken>
    /** Replaces everything; the subscription now belongs to `tenantUuid`. */
    readonly update: (
      scope: SubscriptionScope,
      tenantUuid: string,
      uuid: string,
      body: SubscriptionBody
    ) => Effect.Effect<Subscription, NotFound>
    /** Replaces what a user may write. */
    readonly updateOwned: (
      scope: SubscriptionScope,
      uuid: string,
      body: UserSubscriptionBody
    ) => Effect.Effect<Subscription, NotFound>
    readonly remove: (scope: SubscriptionScope, uuid: string) => Effect.Effect<void, NotFound>
    /** Removes what belongs to users and tenants that are no more; answers how many. */
    readonly removeWhere: (gone: {
      readonly users?: ReadonlyArray<string>
      readonly tenants?: ReadonlyArray<string>
    }) => Effect.Effect<number>
  }
>()("strowger/actors/subscription/Subscriptions") {
  static readonly layer: Layer.Layer<Subscriptions, never, Ground> = Layer.effect(
    Subscriptions,
    Effect.gen(function* () {
      const services = yield* Effect.context<Ground>()
      const { uuid: platformUuid } = yield* Platform
      const here = <A, E>(effect: Effect.Effect<A, E, Ground>) => Effect.provideContext(effect, services)
      const insertNew = (tenantUuid: string, body: SubscriptionBody, note: NoteAnswer = () => Effect.void) =>
        here(insert({ ...body, uuid: randomUUID(), owner_tenant_uuid: tenantUuid }, note))
      return {
        list: (scope, metadata) => here(list(scope, metadata)),
        get: (scope, uuid) => here(get(scope, uuid)),
        create: insertNew,
        createOwned: (tenantUuid, userUuid, body, note) =>
          insertNew(
            tenantUuid,
            {
              ...body,
              events_user_uuid: userUuid,
              events_wazo_uuid: platformUuid,
              owner_user_uuid: userUuid
            },
            note
          ),
        update: (scope, tenantUuid, uuid, body) =>
          here(change(scope, uuid, { ...body, owner_tenant_uuid: tenantUuid })),
        updateOwned: (scope, uuid, body) => here(change(scope, uuid, body)),
        remove: (scope, uuid) =>
          here(
            Effect.flatMap(
              removeMatching((sql) => sql`${within(sql, scope)} AND s.uuid::text = ${uuid.toLowerCase()}`),
              (removed) => (removed === 0 ? Effect.fail(noSuchSubscription(uuid)) : Effect.void)
            )
          ),
        removeWhere: ({ users = [], tenants = [] }) =>
          here(
            removeMatching(
              (sql) => sql`(s.owner_user_uuid = ANY(${users}) OR s.events_user_uuid = ANY(${users})
                OR s.owner_tenant_uuid = ANY(${tenants}))`
            )
          )
      }
    })
  )
}

type Ground = SqlClient.SqlClient | Transactions | Platform | Sealing | ActorHost

const columns = `s.uuid::text AS uuid, s.name, s.service, s.events, s.events_user_uuid, s.events_wazo_uuid, s.config,
  s.owner_user_uuid, s.owner_tenant_uuid, s.metadata`

const within = (sql: SqlClient.SqlClient, { tenants, ownerUserUuid }: SubscriptionScope) =>
  ownerUserUuid === undefined
    ? sql`s.owner_tenant_uuid = ANY(${tenants})`
    : sql`s.owner_tenant_uuid = ANY(${tenants}) AND s.owner_user_uuid = ${ownerUserUuid}`

const list = Effect.fnUntraced(function* (
  scope: SubscriptionScope,
  metadata: Readonly<Record<string, string>>
) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Subscription>`
    SELECT ${sql.literal(columns)} FROM webhook_subscription s
    WHERE ${within(sql, scope)} AND s.metadata::jsonb @> ${JSON.stringify(metadata)}::text::jsonb
    ORDER BY s.number`
}, dieOnSqlError)

const get = Effect.fnUntraced(function* (scope: SubscriptionScope, uuid: string) {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql<Subscription>`
    SELECT ${sql.literal(columns)} FROM webhook_subscription s
    WHERE ${within(sql, scope)} AND s.uuid::text = ${uuid.toLowerCase()}`
  return found ?? (yield* noSuchSubscription(uuid))
}, dieOnSqlError)

const insert = (subscription: Subscription, note: NoteAnswer) =>
  Effect.flatMap(Transactions, ({ run }) =>
    run(
      Effect.fnUntraced(function* (changes) {
        const sql = yield* SqlClient.SqlClient
        const { seal } = yield* Sealing
        yield* sql`INSERT INTO webhook_subscription ${sql.insert(rowOf(subscription))}`
        yield* sql`INSERT INTO webhook_secret (subscription_uuid, sealed, created_at)
          VALUES (${subscription.uuid}::uuid, ${seal(newSecret())}, now())`
        announce(changes, "created", subscription)
        yield* note(subscription)
        return subscription
      })
    )
  )

const change = (scope: SubscriptionScope, uuid: string, body: Partial<Subscription>) =>
  Effect.flatMap(Transactions, ({ run }) =>
    run(
      Effect.fnUntraced(function* (changes) {
        const sql = yield* SqlClient.SqlClient
        const [known] = yield* sql<Subscription>`
          SELECT ${sql.literal(columns)} FROM webhook_subscription s
          WHERE ${within(sql, scope)} AND s.uuid::text = ${uuid.toLowerCase()} FOR NO KEY UPDATE`
        if (known === undefined) return yield* noSuchSubscription(uuid)
        const changed = { ...known, ...body }
        yield* sql`
          UPDATE webhook_subscription SET ${sql.update(rowOf(changed), ["uuid"])} WHERE uuid = ${known.uuid}::uuid`
        announce(changes, "updated", changed)
        return changed
      })
    )
  )

const removeMatching = (
  condition: (sql: SqlClient.SqlClient) => ReturnType<typeof within>
): Effect.Effect<number, never, Ground> =>
  Effect.flatMap(Transactions, ({ run }) =>
    run<number, SqlError.SqlError, SqlClient.SqlClient | ActorHost>(
      Effect.fnUntraced(function* (changes) {
        const sql = yield* SqlClient.SqlClient
        const host = yield* ActorHost
        const removed = yield* sql<Subscription>`
          DELETE FROM webhook_subscription s WHERE ${condition(sql)} RETURNING ${sql.literal(columns)}`
        const uuids = removed.map(({ uuid }) => uuid)
        yield* sql`DELETE FROM actor WHERE kind = ${subscriptionActor.name} AND id = ANY(${uuids})`
        changes.afterCommit(() => {
          for (const uuid of uuids) host.passivate(subscriptionActor.name, uuid)
        })
        for (const subscription of removed) announce(changes, "deleted", subscription)
        return removed.length
      })
    )
  )

const rowOf = ({ config, metadata, ...plain }: Subscription) => ({
  ...plain,
  config: JSON.stringify(config),
  metadata: JSON.stringify(metadata)
})

const tenantEvents = {
  created: webhookdSubscriptionCreated,
  updated: webhookdSubscriptionUpdated,
  deleted: webhookdSubscriptionDeleted
}

const announce = (changes: Changes, verb: SubscriptionVerb, subscription: Subscription): void => {
  const { uuid, name, service, events, config, metadata, owner_user_uuid, owner_tenant_uuid } = subscription
  if (owner_user_uuid === null) {
    changes.emit(tenantEvents[verb], { tenantUuid: owner_tenant_uuid }, subscription)
  } else {
    changes.emit(
      webhookdUserSubscription(verb, owner_user_uuid),
      { tenantUuid: owner_tenant_uuid, userUuids: [owner_user_uuid] },
      { uuid, name, service, events, config, metadata }
    )
  }
}

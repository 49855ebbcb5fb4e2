import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Tables of the actor kit: one row an actor, and what actors hold exclusively. */
export const actorMigrations = {
  "0002_actors": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      create table actor (
        kind text not null,
        id text not null,
        version integer not null,
        snapshot jsonb not null,
        outstanding jsonb,
        deadlines jsonb,
        next_deadline bigint,
        changed_at timestamptz not null default now(),
        primary key (kind, id)
      )`
    yield* sql`create index actor_next_deadline on actor (next_deadline) where next_deadline is not null`
    yield* sql`create index actor_outstanding on actor (kind) where outstanding is not null`
    yield* sql`
      create table actor_claim (
        kind text not null,
        claim text not null,
        id text not null,
        constraint actor_claim_held primary key (kind, claim)
      )`
    yield* sql`create index actor_claim_holder on actor_claim (kind, id)`
  }),
  "0075_actor_commit_ids": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`alter table actor add column commit_id uuid`
  })
}

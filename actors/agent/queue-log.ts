import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { memberNameOf } from "../../schemas/agentd/agent.ts"
import type { AgentEmitted } from "./machine.ts"

/** One row of the queue_log (contracts/callcenter.md 3.2). */
export interface QueueLogRow {
  readonly time: Date
  readonly callid: string
  readonly queuename: string
  readonly agent: string
  readonly event: string
  readonly data1: string
  readonly data2: string
  readonly data3: string
  readonly [column: string]: unknown
}

/** The row a login or logoff leaves behind; undefined for everything else. */
export const queueLogRow = (emitted: AgentEmitted): QueueLogRow | undefined => {
  if (emitted.type !== "loginLogged" && emitted.type !== "logoffLogged") return undefined
  const { agent, session } = emitted
  const row = {
    callid: "NONE",
    queuename: "NONE",
    agent: memberNameOf(agent.number),
    data1: `${session.extension}@${session.context}`
  }
  if (emitted.type === "loginLogged") {
    return { ...row, time: new Date(session.loginAt), event: "AGENTCALLBACKLOGIN", data2: "", data3: "" }
  }
  const seconds = Math.max(0, Math.floor((emitted.at - session.loginAt) / 1000))
  return {
    ...row,
    time: new Date(emitted.at),
    event: "AGENTCALLBACKLOGOFF",
    data2: String(seconds),
    data3: "CommandLogoff"
  }
}

/** The store of the queue_log. */
export const agentMigrations = {
  "0030_queue_log": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      create table queue_log (
        id bigserial primary key,
        time timestamptz not null,
        callid text not null,
        queuename text not null,
        agent text not null,
        event text not null,
        data1 text not null,
        data2 text not null,
        data3 text not null
      )`
    yield* sql`create index queue_log_time on queue_log (time)`
  })
}

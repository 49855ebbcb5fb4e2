import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Bootstrap } from "../actors/identity/bootstrap.ts"
import { CallCentreCache } from "../actors/pbx/call-centre-cache.ts"
import { ListenAddress } from "../http/server.ts"
import { AppConfig } from "../runtime/config.ts"
import { strowgerLayer } from "../strowger.ts"
import { admin } from "./runtime.ts"

/** How many of each a big call centre has. Each agent is in one queue and has a user with a line. */
export interface CallCentreSize {
  readonly agents: number
  readonly queues: number
}

export const contextName = "inside"
/** Number and extension of an agent of the big call centre. */
export const numberOf = (agentId: number): string => String(100_000 + agentId)

const amiSecret = "simulated"

/** A runtime of this process on a data folder. `close` ends it as a stop of the process would. */
export const startBigRuntime = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly amiPort: number
}) {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    Layer.fresh(strowgerLayer).pipe(
      Layer.provideMerge(
        AppConfig.layerFrom({
          STROWGER_HTTP_PORT: "0",
          STROWGER_AGI_PORT: "0",
          STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
          STROWGER_PHONE_HTTP_PORT: "0",
          STROWGER_TFTP_HOST: "127.0.0.1",
          STROWGER_TFTP_PORT: "0",
          STROWGER_DATA_DIR: options.folder,
          STROWGER_ADMIN_PASSWORD: admin.password,
          STROWGER_AMI_PORT: String(options.amiPort),
          STROWGER_AMI_SECRET: amiSecret,
          STROWGER_LOG_LEVEL: "Error"
        })
      )
    ),
    scope
  )
  return {
    context,
    url: Context.get(context, ListenAddress).url,
    close: Scope.close(scope, Exit.void)
  }
})

/**
 * Writes the configuration straight into the tables: sixty thousand requests would take minutes. The runtime reads
 * it anew.
 */
export const seedCallCentre = ({ agents, queues }: CallCentreSize) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { masterTenantUuid: tenant } = yield* Bootstrap
    const { forgetAll } = yield* CallCentreCache
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`INSERT INTO pbx_contexts (uuid, tenant_uuid, name, label)
          VALUES ('00000000-0000-4000-8000-000000000000', ${tenant}, ${contextName}, 'Inside')`
        yield* sql`INSERT INTO pbx_queues (id, tenant_uuid, name, label, options)
          SELECT n, ${tenant}, 'queue-' || n, 'Queue ' || n, '[]' FROM generate_series(1, ${queues}::integer) n`
        yield* sql`INSERT INTO pbx_agents (id, tenant_uuid, number, firstname)
          SELECT n, ${tenant}, (100000 + n)::text, 'Agent ' || n FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_queue_agents (queue_id, agent_id)
          SELECT 1 + n % ${queues}::integer, n FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_users (id, uuid, tenant_uuid, firstname, caller_id, agent_id)
          SELECT n, gen_random_uuid()::text, ${tenant}, 'User ' || n, 'User ' || n, n
          FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_extensions (id, tenant_uuid, exten, context)
          SELECT n, ${tenant}, (100000 + n)::text, ${contextName} FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_endpoints_sip (uuid, tenant_uuid, name)
          SELECT 'endpoint-' || n, ${tenant}, 'line-' || n FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_lines (id, tenant_uuid, context, endpoint_sip_uuid, provisioning_code)
          SELECT n, ${tenant}, ${contextName}, 'endpoint-' || n, n::text FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_line_extensions SELECT n, n FROM generate_series(1, ${agents}::integer) n`
        yield* sql`INSERT INTO pbx_user_lines SELECT n, n, true, true FROM generate_series(1, ${agents}::integer) n`
      })
    )
    forgetAll()
  })

/** `strowger simulate` in a process of its own. */
export interface SimulatedPbx {
  readonly process: ChildProcess
  readonly port: number
  /** How many queue members came and went, as far as its console has told of them; it leaves lines out in a rush. */
  readonly memberChanges: () => number
}

/** Killed with the scope. */
export const startSimulatedPbx = ({ queues }: CallCentreSize) =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<SimulatedPbx> => {
      const main = join(import.meta.dirname, "..", "main.ts")
      const names = Array.from({ length: queues }, (_, index) => `queue-${index + 1}`).join(",")
      const child = spawn(
        process.execPath,
        [
          main,
          "simulate",
          "--port",
          "0",
          "--secret",
          amiSecret,
          "--calls-per-minute",
          "0",
          "--queues",
          names
        ],
        { stdio: ["ignore", "pipe", "inherit"] }
      )
      let memberChanges = 0
      const port = await new Promise<number>((resolve, reject) => {
        child.once("exit", (code) => reject(new Error(`the simulated PBX ended with ${code}`)))
        createInterface({ input: child.stdout }).on("line", (line) => {
          const found = /AMI on [^:]+:(\d+)/.exec(line)?.[1]
          if (found !== undefined) resolve(Number(found))
          if (/ is (in|out)$/.test(line)) memberChanges++
        })
      })
      return { process: child, port, memberChanges: () => memberChanges }
    }),
    ({ process: child }) =>
      Effect.promise(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, "exit")
        child.kill("SIGKILL")
        await ended
      })
  )

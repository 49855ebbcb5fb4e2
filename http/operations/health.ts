import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Ami } from "../../runtime/ami/ami.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"

/** Whether the runtime takes requests; false from the moment it is told to stop. */
export class Readiness extends Context.Service<
  Readiness,
  { readonly ready: () => boolean; readonly set: (ready: boolean) => void }
>()("strowger/http/operations/Readiness") {
  static readonly layer = Layer.sync(Readiness, () => {
    let ready = true
    return {
      ready: () => ready,
      set: (value) => {
        ready = value
      }
    }
  })
}

/**
 * For whoever runs the process (architecture, section 7): `/health/live` answers while it runs, `/health/ready`
 * while requests can be served, AMI or not; both say how the links outside are. `/metrics` is for Prometheus.
 */
export const operationsRoutes = Layer.mergeAll(
  HttpRouter.add("GET", "/health/live", HttpServerResponse.jsonUnsafe({ status: "ok" })),
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const readiness = yield* Readiness
      const ami = yield* Ami
      const bus = yield* EventBus
      yield* router.add(
        "GET",
        "/health/ready",
        Effect.sync(() =>
          HttpServerResponse.jsonUnsafe(
            {
              status: readiness.ready() ? "ok" : "stopping",
              ami: ami.up() ? "up" : "down",
              bus: bus.connected() ? "up" : "down"
            },
            { status: readiness.ready() ? 200 : 503 }
          )
        )
      )
    })
  ),
  PrometheusMetrics.layerHttp({ path: "/metrics" })
)

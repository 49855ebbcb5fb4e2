import { Context, Effect, Layer } from "effect"
import { ActorHost } from "../../runtime/actor/host.ts"
import type { RunnableKind } from "../../runtime/actor/kind.ts"
import { activePaths } from "../../runtime/actor/roster.ts"
import type { ActorStatus } from "../../runtime/actor/shell.ts"
import type { KindSummary } from "../../schemas/inspect/actor.ts"
import { type NotFound, noSuchKind } from "../../schemas/inspect/errors.ts"
import type { MachineDefinition } from "../../schemas/inspect/definition.ts"
import { drawMachine } from "./diagram/drawing.ts"
import { diagramOf } from "./diagram/graph.ts"
import { mermaidOf } from "./diagram/mermaid.ts"
import { machineDefinition, statePaths } from "./machine-definition.ts"

/** The kinds of actors with their machines. A machine never changes while the process runs: it is drawn once. */
export class Catalogue extends Context.Service<
  Catalogue,
  {
    readonly kinds: () => ReadonlyArray<KindSummary>
    readonly machine: (kind: string) => Effect.Effect<MachineDefinition, NotFound>
    readonly mermaid: (kind: string) => Effect.Effect<string, NotFound>
    readonly svg: (kind: string) => Effect.Effect<string, NotFound>
  }
>()("strowger/http/inspect/Catalogue") {
  static readonly layer: Layer.Layer<Catalogue, never, ActorHost> = Layer.effect(
    Catalogue,
    Effect.gen(function* () {
      const host = yield* ActorHost
      const drawings = new Map<string, Promise<string>>()

      const machine = (name: string) => {
        const kind = host.kind(name)
        return kind === undefined
          ? Effect.fail(noSuchKind(name))
          : Effect.succeed(machineDefinition(kind.machine))
      }
      /** All who ask for it share one drawing; one that failed is tried again by the next. */
      const drawing = (name: string, definition: MachineDefinition) => {
        const drawn = drawings.get(name) ?? drawMachine(definition)
        drawings.set(name, drawn)
        drawn.catch(() => drawings.delete(name))
        return Effect.promise(() => drawn)
      }

      return Catalogue.of({
        kinds: () => {
          const statuses = Map.groupBy(host.statuses(), ({ kind }) => kind)
          return host.kinds().map((kind) => kindSummary(kind, statuses.get(kind.name) ?? []))
        },
        machine,
        mermaid: (name) => Effect.map(machine(name), (definition) => mermaidOf(diagramOf(definition))),
        svg: (name) => Effect.flatMap(machine(name), (definition) => drawing(name, definition))
      })
    })
  )
}

const kindSummary = (kind: RunnableKind, statuses: ReadonlyArray<ActorStatus>): KindSummary => {
  const inState = new Map<string, number>()
  for (const { state } of statuses) {
    for (const path of state === undefined ? [] : activePaths(JSON.parse(state))) {
      inState.set(path, (inState.get(path) ?? 0) + 1)
    }
  }
  const inHealth = (health: ActorStatus["health"]) =>
    statuses.filter((status) => status.health === health).length
  return {
    name: kind.name,
    version: kind.version,
    durable: kind.durable,
    residents: {
      total: statuses.length,
      running: inHealth("running"),
      restarting: inHealth("restarting"),
      failed: inHealth("failed")
    },
    states: statePaths(machineDefinition(kind.machine)).map((path) => ({
      path,
      residents: inState.get(path) ?? 0
    }))
  }
}

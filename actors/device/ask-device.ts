import { Effect } from "effect"
import type { AskError, Refused } from "../../runtime/actor/errors.ts"
import type { ActorView } from "../../runtime/actor/kind.ts"
import type { ActorSystem } from "../../runtime/actor/system.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { ConfigStore } from "./config-store.ts"
import { deviceActor } from "./device.ts"
import type { DeviceContext, DeviceEvent, deviceMachine } from "./machine.ts"

/**
 * Asks the actor of a device. A change of what files are made from, that came while those of this device were made,
 * did not know yet that it concerns the device: its files are made once more then, before the answer.
 */
export const makeAskDevice = (actors: ActorSystem["Service"], configs: ConfigStore["Service"]) => {
  const ask = (id: string, event: DeviceEvent): Effect.Effect<ActorView<typeof deviceMachine>, AskError> =>
    Effect.suspend(() => {
      const before = configs.latestRevision()
      return Effect.flatMap(actors.ask(deviceActor, id, event), (view) =>
        isOvertaken(configs, view.context, before)
          ? // Refused: somebody has removed it meanwhile.
            Effect.catchTag(ask(id, { type: "regenerate" }), "Refused", () => Effect.succeed(view))
          : Effect.succeed(view)
      )
    })
  return ask
}

/** Only a refusal is an answer to who asked; whatever else goes wrong is a defect. */
export const orDieUnlessRefused = <A, R>(
  asked: Effect.Effect<A, AskError, R>
): Effect.Effect<A, Refused, R> =>
  Effect.catchTag(asked, ["Rejected", "ClaimTaken", "ActorUnavailable"], (error) => Effect.die(error))

/** What is gone leaves no trace in the configs that are there: of that the time since the question counts. */
const isOvertaken = (
  configs: ConfigStore["Service"],
  { document, revision }: DeviceContext,
  before: number
): boolean => {
  const config = document === null ? undefined : textOf(document, "config")
  if (config === undefined) return false
  const sweep = configs.latestSweep()
  return configs.revisionOf(config) > revision || (sweep > before && sweep > revision)
}

import { Effect, Layer } from "effect"
import { AppConfig, isSet } from "../config.ts"
import { layerAmqp } from "./amqp.ts"
import type { AmqpUrlInvalid } from "./amqp-connection.ts"
import type { EventBus } from "./event-bus.ts"
import { layerMemory } from "./memory.ts"

/** The bus over the broker of `STROWGER_AMQP_URL`, else the one in memory. */
export const eventBusLayer: Layer.Layer<EventBus, AmqpUrlInvalid, AppConfig> = Layer.unwrap(
  Effect.map(AppConfig, ({ amqpUrl }) => (isSet(amqpUrl) ? layerAmqp : layerMemory))
)

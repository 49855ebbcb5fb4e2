import { Effect } from "effect"
import { type EventStream, recordedLoad, replay, type ReplayOptions } from "../simulator/load.ts"
import { startSimulator } from "../simulator/server.ts"
import { eventually } from "./eventually.ts"

/** The recorded load, one Buffer an event. */
export const recordedEvents: EventStream = recordedLoad()

/** The manager user of the PBX below. */
export const manager = { username: "load", secret: "load" }

/** A simulated PBX that writes recorded events to whoever is logged in. It ends with the scope. */
export const startLoadPbx = Effect.map(startSimulator(manager), (simulator) => ({
  port: simulator.port,
  /** Waits for the first login. */
  loggedIn: eventually(Effect.sync(simulator.loggedIn), (users) => users.length > 0),
  replay: (stream: EventStream, options: ReplayOptions) => replay(simulator, stream, options)
}))

export type LoadPbx = Effect.Success<typeof startLoadPbx>

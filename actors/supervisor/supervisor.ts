import { Layer } from "effect"
import { supervisorEventsLayer } from "./announcements.ts"
import { LogoffReasons } from "./logoff-reasons.ts"
import { missedCallsLayer } from "./missed-calls.ts"
import { QueueBoard } from "./queue-board.ts"
import { Supervision } from "./supervision.ts"
import { SupervisorDesk } from "./supervisor-desk.ts"

/**
 * The supervisor's view of the call centre: what is seen (`Supervision`), what can be done (`SupervisorDesk`), and
 * the events of its changes. Build it before the AMI session comes up, so that it hears everything.
 */
export const supervisorLayer = Layer.mergeAll(
  SupervisorDesk.layer,
  supervisorEventsLayer,
  missedCallsLayer
).pipe(
  Layer.provideMerge(Supervision.layer),
  Layer.provideMerge(Layer.mergeAll(QueueBoard.layer, LogoffReasons.layer))
)

import { Metric } from "effect"

/** WebSocket clients connected to this node. */
export const sessionsGauge = Metric.gauge("strowger_websocketd_sessions", {
  description: "WebSocket clients connected to this node"
})

/** Event frames handed to WebSocket clients of this node. */
export const framesSent = Metric.counter("strowger_websocketd_frames_sent", {
  description: "Event frames handed to WebSocket clients",
  incremental: true
})

/** Clients closed because they read too slowly. */
export const slowCloses = Metric.counter("strowger_websocketd_slow_closes", {
  description: "WebSocket clients closed because they read too slowly",
  incremental: true
})

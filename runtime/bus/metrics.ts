import { Metric } from "effect"

export const published = Metric.counter("strowger_bus_published_total", {
  description: "events published by this node",
  incremental: true
})

export const received = Metric.counter("strowger_bus_received_total", {
  description: "events of other nodes taken from the broker",
  incremental: true
})

export const dropped = Metric.counter("strowger_bus_dropped_total", {
  description: "events that the broker did not get: transient ones while it was away, and those it refused",
  incremental: true
})

export const unconfirmed = Metric.gauge("strowger_bus_unconfirmed", {
  description: "published events that the broker has not confirmed yet"
})

export const outboxPending = Metric.gauge("strowger_outbox_pending", {
  description: "committed events that the bus has not taken yet"
})

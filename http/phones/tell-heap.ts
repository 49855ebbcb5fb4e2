/** Loaded into a runtime that is measured: tells its parent the heap after a collection. */
process.on("message", (question) => {
  if (question !== "heap") return
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})
// Listening to the parent alone must not keep the process.
process.channel?.unref()

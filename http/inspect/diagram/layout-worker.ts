import { parentPort, workerData } from "node:worker_threads"
import Elk from "elkjs/lib/elk.bundled.js"
import { layoutOptions } from "./layout.ts"

/** Places the graph that it was started with, and ends. */
parentPort?.postMessage(await new Elk.default().layout(workerData, { layoutOptions }), [])

import { Worker } from "node:worker_threads"
import type { ElkNode } from "elkjs/lib/elk-api.js"
import type { MachineDefinition } from "../../../schemas/inspect/definition.ts"
import { diagramOf } from "./graph.ts"
import { layoutGraph } from "./layout.ts"
import { svgOf } from "./svg.ts"

/** Draws a machine as SVG, in a thread of its own: a large machine takes most of a second. */
export const drawMachine = async (machine: MachineDefinition): Promise<string> => {
  const diagram = diagramOf(machine)
  return svgOf(diagram, await place(layoutGraph(diagram)))
}

const place = (graph: ElkNode): Promise<ElkNode> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./layout-worker.ts", import.meta.url), { workerData: graph })
    worker.once("message", resolve)
    worker.once("error", reject)
    worker.once("exit", () => reject(new Error("The layout ended without a result")))
  })

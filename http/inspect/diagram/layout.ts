import type { ElkNode } from "elkjs/lib/elk-api.js"
import { type Diagram, type DiagramEdge, type DiagramState, triggerText } from "./graph.ts"
import { textWidth } from "./text-width.ts"

/** Sizes of what is drawn, in pixels. */
export const sizes = {
  name: 14,
  small: 11.5,
  line: 17,
  header: 30,
  padding: 12,
  badge: 18,
  initial: 10
} as const

/** How the engine lays out every level of nesting. */
export const layoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.edgeCoords": "ROOT",
  "elk.json.shapeCoords": "ROOT",
  "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.spacing.nodeNodeBetweenLayers": "30",
  "elk.layered.spacing.edgeNodeBetweenLayers": "16",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
  "elk.spacing.nodeNode": "30",
  "elk.spacing.edgeEdge": "12",
  "elk.spacing.edgeNode": "18",
  "elk.spacing.edgeLabel": "3",
  "elk.spacing.labelNode": "4"
}

/** The graph that the layout engine places: boxes with their sizes, lines with the sizes of their labels. */
export const layoutGraph = (diagram: Diagram): ElkNode => ({
  id: "diagram",
  layoutOptions: { "elk.padding": "[top=8,left=8,bottom=8,right=8]" },
  children: [stateBox(diagram.machine)],
  edges: [...initialEdges(diagram.machine), ...diagram.edges.map(transitionEdge)]
})

/** The id of the dot from which a state's first child is entered. */
export const initialDot = (state: DiagramState): string => `${state.id}/initial`

/** How much wider letters are in bold. */
const bold = 1.12

/** How wide the upper part of a box must be for its name, tags and lines. */
const headerWidth = (state: DiagramState): number =>
  Math.max(
    textWidth(state.name, sizes.name) * bold +
      state.tags.reduce((width, tag) => width + textWidth(tag, sizes.small) + 18, 0),
    ...state.inside.map((line) => textWidth(line, sizes.small))
  ) +
  2 * sizes.padding

/** How tall it is. */
export const headerHeight = (state: DiagramState): number =>
  sizes.header + state.inside.length * sizes.line + (state.inside.length > 0 ? 8 : 0)

const stateBox = (state: DiagramState): ElkNode => {
  const width = Math.max(60, headerWidth(state))
  const height = headerHeight(state)
  if (state.children.length === 0) return { id: state.id, width, height: Math.max(34, height) }
  const dot =
    state.initial === undefined
      ? []
      : [{ id: initialDot(state), width: sizes.initial, height: sizes.initial }]
  return {
    id: state.id,
    layoutOptions: {
      "elk.padding": `[top=${height + 14},left=22,bottom=22,right=22]`,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width}, ${height})`
    },
    children: [...dot, ...state.children.map(stateBox)]
  }
}

const initialEdges = (state: DiagramState): NonNullable<ElkNode["edges"]> => [
  ...(state.initial === undefined
    ? []
    : [{ id: initialDot(state), sources: [initialDot(state)], targets: [state.initial] }]),
  ...state.children.flatMap(initialEdges)
]

/**
 * A line that leads back is given the other way round: the picture then reads from left to right in the order in
 * which the machine was written.
 */
const transitionEdge = ({ id, source, target, back, transitions }: DiagramEdge) => ({
  id,
  sources: [back ? target : source],
  targets: [back ? source : target],
  labels: [
    {
      text: id,
      width: Math.max(...transitions.map((way) => textWidth(triggerText(way), sizes.small))) + 6,
      height: transitions.length * sizes.line
    }
  ]
})

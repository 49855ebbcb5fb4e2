import type { ElkNode, ElkPoint } from "elkjs/lib/elk-api.js"
import {
  type Diagram,
  type DiagramEdge,
  type DiagramState,
  type DiagramTransition,
  transitionText
} from "./graph.ts"
import { headerHeight, initialDot, sizes } from "./layout.ts"
import { textWidth } from "./text-width.ts"

/**
 * A placed diagram as SVG. Every state has its path in `data-path`, every line the event types that take it in
 * `data-events` and its ends in `data-source` and `data-target`, so that a page can light them up.
 */
export const svgOf = (diagram: Diagram, placed: ElkNode): string => {
  const shapes = new Map<string, Required<Pick<ElkNode, "x" | "y" | "width" | "height">>>()
  const collect = (node: ElkNode) => {
    shapes.set(node.id, { x: node.x ?? 0, y: node.y ?? 0, width: node.width ?? 0, height: node.height ?? 0 })
    node.children?.forEach(collect)
  }
  collect(placed)
  const edges = new Map(placed.edges?.map((edge) => [edge.id, edge]))
  const shapeOf = (id: string) => shapes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 }
  const pathsById = new Map<string, string>()

  const drawState = (state: DiagramState, depth: number, region: boolean): string => {
    pathsById.set(state.id, state.path)
    const { x, y, width, height } = shapeOf(state.id)
    const header = headerHeight(state)
    const compound = state.children.length > 0
    const dot = state.initial === undefined ? "" : drawInitial(state)
    return tag(
      "g",
      {
        class: ["state", ...state.tags.map((name) => `tag-${name.replace(/[^\w-]/g, "_")}`)].join(" "),
        "data-path": state.path
      },
      [
        tag("title", {}, [escape(titleOf(state))]),
        tag("rect", {
          class: region ? "box region" : "box",
          x,
          y,
          width,
          height,
          rx: 8,
          fill: depth % 2 === 0 ? "#ffffff" : "#f6f8fb",
          stroke: "#64748b",
          "stroke-width": state.tags.includes("pending") ? 1.6 : 1.2,
          ...(region || state.tags.includes("pending") ? { "stroke-dasharray": "5 4" } : {})
        }),
        state.type === "final"
          ? tag("rect", {
              class: "final",
              x: x + 3,
              y: y + 3,
              width: width - 6,
              height: height - 6,
              rx: 6,
              fill: "none",
              stroke: "#64748b"
            })
          : "",
        compound || state.inside.length > 0
          ? tag("line", {
              class: "rule",
              x1: x,
              x2: x + width,
              y1: y + sizes.header,
              y2: y + sizes.header,
              stroke: "#cbd5e1"
            })
          : "",
        text(state.name, x + sizes.padding, y + 20, {
          class: "name",
          "font-size": sizes.name,
          "font-weight": 600,
          fill: "#0f172a"
        }),
        drawTags(state, x + width, y),
        ...state.inside.map((line, index) =>
          text(line, x + sizes.padding, y + sizes.header + 16 + index * sizes.line, {
            class: "inside",
            "font-size": sizes.small,
            fill: "#475569"
          })
        ),
        header < height && compound ? dot : "",
        ...state.children.map((child) => drawState(child, depth + 1, state.type === "parallel"))
      ]
    )
  }

  const drawInitial = (state: DiagramState): string => {
    const { x, y } = shapeOf(initialDot(state))
    return tag("circle", {
      class: "initial",
      cx: x + sizes.initial / 2,
      cy: y + sizes.initial / 2,
      r: sizes.initial / 2,
      fill: "#0f172a"
    })
  }

  const drawInitialLine = (state: DiagramState): string =>
    (state.initial === undefined
      ? ""
      : tag("path", { class: "line", d: pathOf(pointsOf(edges.get(initialDot(state)))), ...lineStyle })) +
    state.children.map(drawInitialLine).join("")

  const drawEdge = ({ id, source, target, back, transitions }: DiagramEdge): string => {
    const edge = edges.get(id)
    const label = edge?.labels?.[0]
    const points = pointsOf(edge)
    const line = back ? points.toReversed() : points
    return tag(
      "g",
      {
        class: "transition",
        "data-source": pathsById.get(source) ?? "",
        "data-target": pathsById.get(target) ?? "",
        "data-events": transitions.map(({ event }) => event).join(" ")
      },
      [
        tag("title", {}, [escape(transitions.map(transitionText).join("\n"))]),
        tag("path", { class: "line", d: pathOf(line), ...lineStyle }),
        ...transitions.map((transition, index) =>
          drawLabel(transition, (label?.x ?? 0) + 3, (label?.y ?? 0) + 12.5 + index * sizes.line)
        )
      ]
    )
  }

  const { width = 0, height = 0 } = placed
  const states = drawState(diagram.machine, 0, false)
  return tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "state-diagram",
      width: Math.ceil(width),
      height: Math.ceil(height),
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      "font-family": "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif",
      role: "img"
    },
    [
      tag("title", {}, [escape(`States of ${diagram.machine.name}`)]),
      arrowHead,
      tag("rect", { class: "paper", width: "100%", height: "100%", fill: "#ffffff" }),
      states,
      drawInitialLine(diagram.machine),
      ...diagram.edges.map(drawEdge)
    ]
  )
}

const lineStyle = {
  fill: "none",
  stroke: "#475569",
  "stroke-width": 1.3,
  "marker-end": "url(#arrow)"
}

const arrowHead =
  '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" ' +
  'orient="auto-start-reverse"><path class="arrow" d="M0 1 L10 5 L0 9 z" fill="#475569"/></marker></defs>'

const drawTags = (state: DiagramState, right: number, y: number): string => {
  let x = right - 8
  return state.tags
    .map((name) => {
      const width = textWidth(name, sizes.small - 1) + 12
      x -= width + 4
      return (
        tag("rect", {
          class: "tag",
          x,
          y: y + 6,
          width,
          height: sizes.badge,
          rx: 9,
          fill: "#fef3c7",
          stroke: "#f59e0b"
        }) + text(name, x + 6, y + 19, { class: "tag-name", "font-size": sizes.small - 1, fill: "#92400e" })
      )
    })
    .join("")
}

const drawLabel = (transition: DiagramTransition, x: number, y: number): string => {
  const guard =
    transition.guard === undefined
      ? ""
      : tag("tspan", { class: "guard", dx: 4, fill: "#9333ea" }, [escape(`[${transition.guard}]`)])
  return tag(
    "text",
    {
      class: transition.event === "" ? "trigger always" : "trigger",
      x,
      y,
      "font-size": sizes.small,
      fill: "#1d4ed8"
    },
    [escape(transition.trigger), guard]
  )
}

const titleOf = ({ name, description, inside }: DiagramState): string =>
  [name, ...(description ? [description] : []), ...inside].join("\n")

const pointsOf = (edge: NonNullable<ElkNode["edges"]>[number] | undefined): ReadonlyArray<ElkPoint> =>
  (edge?.sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }) => [
    startPoint,
    ...(bendPoints ?? []),
    endPoint
  ])

/** A line along right angles with its corners rounded. */
const pathOf = (points: ReadonlyArray<ElkPoint>): string => {
  const [start] = points
  if (start === undefined) return ""
  let path = `M${point(start)}`
  for (let index = 1; index < points.length; index++) {
    const [before, here, after] = [points[index - 1], points[index], points[index + 1]]
    if (before === undefined || here === undefined) continue
    if (after === undefined) {
      path += `L${point(here)}`
      continue
    }
    const radius = Math.min(8, distance(before, here) / 2, distance(here, after) / 2)
    path += `L${point(towards(here, before, radius))}Q${point(here)} ${point(towards(here, after, radius))}`
  }
  return path
}

const point = ({ x, y }: ElkPoint): string => `${round(x)} ${round(y)}`
const distance = (a: ElkPoint, b: ElkPoint): number => Math.hypot(a.x - b.x, a.y - b.y)
const towards = (from: ElkPoint, to: ElkPoint, by: number): ElkPoint => {
  const length = distance(from, to) || 1
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length }
}
const round = (value: number): number => Math.round(value * 10) / 10

const text = (content: string, x: number, y: number, attributes: Attributes): string =>
  tag("text", { x, y, ...attributes }, [escape(content)])

type Attributes = Readonly<Record<string, string | number>>

const tag = (name: string, attributes: Attributes, content: ReadonlyArray<string> = []): string => {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escape(typeof value === "number" ? String(round(value)) : value)}"`
  )
  return `<${name}${written.join("")}>${content.join("")}</${name}>`
}

const escape = (value: string): string => value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

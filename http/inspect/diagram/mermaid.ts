import { type Diagram, type DiagramEdge, type DiagramState, transitionText } from "./graph.ts"

/**
 * A diagram as Mermaid `stateDiagram-v2` text.
 *
 * **Details** Parallel states are regions. What is done without leaving a state stands in its note, and so does a
 * way from a state into itself or its inside, which Mermaid cannot draw.
 */
export const mermaidOf = ({ machine, edges }: Diagram): string => {
  const names = nodeNames(machine)
  const nameOf = (id: string) => names.get(id) ?? id
  const drawn = edges.filter(({ nested }) => !nested)
  const noted = edges.filter(({ nested }) => nested)
  return [
    "stateDiagram-v2",
    "direction LR",
    ...stateLines(machine, noted, nameOf),
    ...drawn.flatMap((edge) => edgeLines(edge, nameOf)),
    ""
  ].join("\n")
}

type NameOf = (id: string) => string

const stateLines = (
  state: DiagramState,
  noted: ReadonlyArray<DiagramEdge>,
  nameOf: NameOf
): ReadonlyArray<string> => {
  const name = nameOf(state.id)
  const declaration = `state "${plain(state.name)}" as ${name}`
  const note = noteLines(state, noted, name)
  if (state.children.length === 0) return [declaration, ...finalLine(state, name), ...note]
  const inside = state.children.flatMap((child, index) => [
    ...(state.type === "parallel" && index > 0 ? ["--"] : []),
    ...stateLines(child, noted, nameOf)
  ])
  const initial = state.initial === undefined ? [] : [`[*] --> ${nameOf(state.initial)}`]
  return [`${declaration} {`, ...indent([...initial, ...inside]), "}", ...note]
}

const finalLine = (state: DiagramState, name: string): ReadonlyArray<string> =>
  state.type === "final" ? [`${name} --> [*]`] : []

const noteLines = (
  state: DiagramState,
  noted: ReadonlyArray<DiagramEdge>,
  name: string
): ReadonlyArray<string> => {
  const lines = [
    ...state.tags,
    ...state.inside,
    ...noted
      .filter(({ source }) => source === state.id)
      .flatMap(({ target, transitions }) =>
        transitions.map((transition) => `${transitionText(transition)} → ${target.split(".").at(-1)}`)
      )
  ]
  return lines.length === 0 ? [] : [`note right of ${name}`, ...indent(lines.map(plain)), "end note"]
}

const edgeLines = ({ source, target, transitions }: DiagramEdge, nameOf: NameOf): ReadonlyArray<string> =>
  transitions.map(
    (transition) => `${nameOf(source)} --> ${nameOf(target)} : ${plain(transitionText(transition))}`
  )

/** Mermaid's own names are words: the id of a state becomes one. */
const nodeNames = (machine: DiagramState): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const visit = (state: DiagramState) => {
    const word = state.id.replace(/\W/g, "_")
    let name = word
    for (let index = 2; taken.has(name); index++) name = `${word}_${index}`
    taken.add(name)
    names.set(state.id, name)
    state.children.forEach(visit)
  }
  visit(machine)
  return names
}

/** What Mermaid would read as its own signs. */
const plain = (text: string): string =>
  text
    .replace(/["#;:{}]|--/g, " ")
    .replace(/\s+/g, " ")
    .trim()

const indent = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

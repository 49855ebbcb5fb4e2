import { fetchDiagram } from "./api.js"
import { activePaths, element } from "./dom.js"

/** The drawn machine of a kind: current states are lit, transitions flash. */
export class DiagramView {
  #paper = element("div", { class: "paper" })
  #zoomText = element("output", {})
  #kind
  #svg
  #width = 0
  #zoom = 1
  #active = []

  constructor() {
    this.root = element(
      "section",
      { class: "diagram", hidden: true },
      element(
        "div",
        { class: "zoom" },
        element("button", { title: "Smaller", onclick: () => this.#scale(this.#zoom / 1.25) }, "−"),
        this.#zoomText,
        element("button", { title: "Larger", onclick: () => this.#scale(this.#zoom * 1.25) }, "+"),
        element("button", { onclick: () => this.#fit() }, "Fit")
      ),
      this.#paper
    )
  }

  async show(kind) {
    if (this.#kind === kind) return
    this.#kind = kind
    this.#svg = undefined
    this.#paper.replaceChildren()
    this.root.hidden = kind === undefined
    if (kind === undefined) return
    const text = await fetchDiagram(kind)
    if (this.#kind !== kind) return
    const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement
    this.#svg = document.importNode(drawn, true)
    this.#width = Number(this.#svg.getAttribute("width"))
    this.#paper.replaceChildren(this.#svg)
    this.#fit()
    this.light(this.#active)
  }

  /** Lights the given states and no other. */
  light(paths) {
    this.#active = paths
    const active = new Set(paths)
    for (const state of this.#all(".state")) state.classList.toggle("active", active.has(state.dataset.path))
  }

  /** Scrolls to where the lit states are. */
  reveal() {
    const lit = [...this.#all(".state.active")].filter((state) => state.querySelector(".active") === null)
    if (lit.length === 0) return
    const boxes = lit.map((state) => state.querySelector(":scope > .box").getBoundingClientRect())
    const paper = this.#paper.getBoundingClientRect()
    const middle = (start, end) =>
      (Math.min(...boxes.map((box) => box[start])) + Math.max(...boxes.map((box) => box[end]))) / 2
    this.#paper.scrollBy({
      left: middle("left", "right") - paper.left - paper.width / 2,
      top: middle("top", "bottom") - paper.top - paper.height / 2,
      behavior: "smooth"
    })
  }

  /** Flashes what an event did: the lines that it takes out of the states that were active. */
  flash(event, from, to) {
    const [left, reached] = [new Set(["", ...activePaths(from)]), new Set(activePaths(to))]
    for (const line of this.#all(".transition")) {
      const { events, source, target } = line.dataset
      if (!events.split(" ").includes(event) || !left.has(source) || !reached.has(target)) continue
      line.classList.remove("taken")
      line.getBoundingClientRect()
      line.classList.add("taken")
    }
  }

  /** Writes how many actors are in each state. */
  count(states) {
    const residents = new Map(states.map((state) => [state.path, state.residents]))
    for (const state of this.#all(".state")) {
      const box = state.querySelector(":scope > .box")
      const count = residents.get(state.dataset.path) ?? 0
      let text = state.querySelector(":scope > .count")
      if (text === null) {
        text = document.createElementNS("http://www.w3.org/2000/svg", "text")
        text.setAttribute("class", "count")
        text.setAttribute("x", String(Number(box.getAttribute("x")) + Number(box.getAttribute("width"))))
        text.setAttribute("y", box.getAttribute("y"))
        text.setAttribute("dy", "-4")
        text.setAttribute("text-anchor", "end")
        state.append(text)
      }
      text.textContent = count === 0 ? "" : String(count)
    }
  }

  #all(selector) {
    return this.#svg?.querySelectorAll(selector) ?? []
  }

  #fit() {
    this.#scale(Math.min(1, Math.max(0.6, (this.#paper.clientWidth - 24) / this.#width)))
  }

  #scale(zoom) {
    if (this.#svg === undefined) return
    this.#zoom = Math.min(3, Math.max(0.2, zoom))
    this.#svg.setAttribute("width", String(this.#width * this.#zoom))
    this.#svg.removeAttribute("height")
    this.#zoomText.value = `${Math.round(this.#zoom * 100)} %`
  }
}

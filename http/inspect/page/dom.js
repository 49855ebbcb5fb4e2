/** Makes an element. Texts are always texts: nothing that an actor says becomes markup. */
export const element = (tag, properties = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else if (name in made) made[name] = value
    else made.setAttribute(name, value)
  }
  made.append(...children.filter((child) => child !== undefined && child !== null))
  return made
}

/** A state value in one line: `up · registration: fresh, calls: none`. */
export const stateText = (state) => {
  if (state === null || state === undefined) return "–"
  if (typeof state === "string") return state
  return Object.entries(state)
    .map(([key, inner]) => {
      if (typeof inner === "string") return `${key}: ${inner}`
      const text = stateText(inner)
      return text === "" ? key : `${key} · ${text}`
    })
    .join(", ")
}

/** The dotted paths of all active states. */
export const activePaths = (state) => {
  if (state === null || state === undefined) return []
  if (typeof state === "string") return [state]
  return Object.entries(state).flatMap(([key, inner]) => [
    key,
    ...activePaths(inner).map((path) => `${key}.${path}`)
  ])
}

/** What a step changed: the innermost states that it left and those that it reached. */
export const changeText = (from, to) => {
  const [left, reached] = [innermost(from), innermost(to)]
  const gone = left.filter((path) => !reached.includes(path))
  const come = reached.filter((path) => !left.includes(path))
  return gone.length + come.length === 0
    ? "stays"
    : `${gone.join(", ") || "…"} → ${come.join(", ") || "…"}`
}

const innermost = (state) => {
  const paths = activePaths(state)
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`)))
}

/** A span of time for people: `12 s`, `5 min`, `3 h`, `2 d`. */
export const spanText = (seconds) => {
  if (seconds === null) return "–"
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** How long ago an instant was. */
export const agoText = (instant) =>
  instant === null ? "–" : `${spanText((Date.now() - Date.parse(instant)) / 1000)} ago`

/** The event of a delay under its own name. */
export const eventText = (event) => event.replace(/^xstate\.after\.([^.]+)\..*$/, "after $1")

/** Calls a function at most once in so many milliseconds, the last time at the end. */
export const paced = (milliseconds, run) => {
  let timer
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      run()
    }, milliseconds)
  }
}

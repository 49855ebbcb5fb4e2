/**
 * How wide a text is in a proportional sans-serif font. An estimate on the wide side (DejaVu Sans, Verdana), so
 * that a box made for it holds the text in whatever font the reader has. In pixels.
 */
export const textWidth = (text: string, fontSize: number): number => {
  let ems = 0
  for (const char of text) ems += emsOf(char)
  return ems * fontSize
}

const emsOf = (char: string): number => {
  if ("ijl.,:;'|![]() ".includes(char)) return 0.36
  if ('ftr-/"'.includes(char)) return 0.42
  if ("mwMW@%".includes(char)) return 0.95
  if (char >= "A" && char <= "Z") return 0.7
  return 0.62
}

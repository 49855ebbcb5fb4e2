/**
 * Numbered settings in the form that the GXP2000 reads instead of XML: a header with the length in words of 16 bits, a
 * checksum that makes the sum of all words zero, the phone's MAC address and two line ends, then the settings as in a
 * query string, filled up to words of 32 bits.
 */
export const binarySettings = (mac: string, settings: ReadonlyMap<string, string>): Uint8Array => {
  const pairs = [...settings].map(([code, value]) => `${code}=${encodeURIComponent(value)}`)
  const text = Buffer.from([...pairs, "gnkey=0b82"].join("&"), "ascii")
  const file = Buffer.alloc(headerLength + Math.ceil(text.length / 4) * 4)
  file.writeUInt32BE(file.length / 2, 0)
  file.write(mac, 6, "hex")
  file.write("\r\n\r\n", 12, "ascii")
  text.copy(file, headerLength)
  file.writeUInt16BE(-sumOfWords(file) & 0xffff, 4)
  return file
}

/** The numbered settings of a file in XML. */
export const settingsOf = (xml: string): ReadonlyMap<string, string> =>
  new Map(
    [...xml.matchAll(/<(P\d+)>(.*?)<\/\1>/g)].map(([, code = "", value = ""]) => [code, unescaped(value)])
  )

const headerLength = 16

const sumOfWords = (file: Buffer): number => {
  let sum = 0
  for (let at = 0; at < file.length; at += 2) sum += file.readUInt16BE(at)
  return sum
}

const unescaped = (text: string) =>
  text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (entities.get(name ?? "") ?? whole) : String.fromCodePoint(Number(code))
  )

const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"]
])

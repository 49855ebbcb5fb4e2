import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"

/**
 * What the `ami-to-ws` benchmark compares with, a process of its own. Its arguments are an AMI port, user and secret:
 * it reads the stream, cuts it at the empty lines, and sends each event as it is to the clients whose `names`
 * parameter has its name. Prints its own port.
 */

const clients: Array<{ readonly socket: WebSocket; readonly names: ReadonlySet<string> }> = []
const audiences = new Map<string, ReadonlyArray<WebSocket>>()

const audienceOf = (name: string): ReadonlyArray<WebSocket> => {
  const known = audiences.get(name)
  if (known !== undefined) return known
  const audience = clients.filter(({ names }) => names.has(name)).map(({ socket }) => socket)
  audiences.set(name, audience)
  return audience
}

const closing = Buffer.from("\r\n\r\n")
const event = "Event: "

const send = (message: Buffer): void => {
  if (message.toString("latin1", 0, event.length) !== event) return
  const name = message.toString("latin1", event.length, message.indexOf("\r\n"))
  for (const socket of audienceOf(name)) socket.send(message, { binary: false })
}

const ami = connect({ host: "127.0.0.1", port: Number(process.argv[2]) })
ami.write(`Action: Login\r\nUsername: ${process.argv[3]}\r\nSecret: ${process.argv[4]}\r\n\r\n`)
let held = Buffer.alloc(0)
ami.on("data", (chunk) => {
  const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
  let start = 0
  for (let end = bytes.indexOf(closing); end !== -1; end = bytes.indexOf(closing, start)) {
    send(bytes.subarray(start, end + closing.length))
    start = end + closing.length
  }
  held = bytes.subarray(start)
})

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
sockets.on("connection", (socket, { url = "" }) => {
  const names = new URL(url, "ws://relay").searchParams.get("names") ?? ""
  clients.push({ socket, names: new Set(names.split(",")) })
  audiences.clear()
  socket.send("ready")
})
// A listening TCP server's address is an AddressInfo.
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port))

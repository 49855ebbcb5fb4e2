/** A file that is sent. */
export interface TftpSource {
  /** In bytes. */
  readonly size: number
  /**
   * Copies the bytes from `position` on into `target`, which never reaches beyond the end of the file. Answers with a
   * promise where the bytes must be fetched first; a rejection ends the transfer.
   */
  readonly read: (target: Buffer, position: number) => void | Promise<void>
  /** Called once, when the transfer has ended. */
  readonly close?: () => void
}

/** A file asked for. */
export interface TftpRequest {
  /** As the client wrote it, printable ASCII, with one slash in front. */
  readonly path: string
  /** The client's address; IPv4 also where it came to an IPv6 socket. */
  readonly address: string
}

/** Bytes in memory as a source. */
export const bytesSource = (bytes: Uint8Array): TftpSource => ({
  size: bytes.length,
  read: (target, position) => target.set(bytes.subarray(position, position + target.length))
})

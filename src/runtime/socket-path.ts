/** sun_path has 108 bytes, one of them for the closing NUL (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

/** What is wrong with a path as that of a unix socket; undefined where it can be bound. */
export function socketPathComplaint(socketPath: string): string | undefined {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return undefined;
  return `the path has ${bytes} bytes, a unix socket's may have ${MAX_SOCKET_PATH_BYTES}`;
}

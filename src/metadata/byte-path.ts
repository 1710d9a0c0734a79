/** As a path of bytes, of one that Syncthing or a person names. */
export function bytePath(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}

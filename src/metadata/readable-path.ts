/** A path of bytes as people read it; what is no UTF-8 in it they see as that. */
export function readablePath(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

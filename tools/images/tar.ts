/** One member of a tar archive; paths have no leading slash. Owners are root, times are zero: same input, same bytes. */
export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const BLOCK = 512;
const TYPE_FLAG = { file: '0', directory: '5', link: '2' } as const;

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** ustar keeps a long path in two fields, split at a slash: at most 155 and 100 bytes. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155)
      return { name, prefix };
  }
  throw new RangeError(`the path is too long for a tar archive: ${path}`);
}

function checkedTarget(target: string): string {
  if (Buffer.byteLength(target) > 100)
    throw new RangeError(`the link's target is too long for a tar archive: ${target}`);
  return target;
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.kind === 'directory' ? `${entry.path}/` : entry.path);
  const fields: readonly (readonly [number, string])[] = [
    [0, name],
    [100, octal(entry.kind === 'link' ? 0o777 : entry.mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(entry.kind === 'file' ? entry.content.length : 0, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, TYPE_FLAG[entry.kind]],
    [157, entry.kind === 'link' ? checkedTarget(entry.target) : ''],
    [257, 'ustar\u000000'],
    [345, prefix],
  ];
  for (const [offset, text] of fields) block.write(text, offset);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The archive as pieces, in order, that need not be joined in memory. */
export function tarPieces(entries: readonly TarEntry[]): readonly Uint8Array[] {
  const members = entries.flatMap((entry) => {
    if (entry.kind !== 'file') return [header(entry)];
    const padding = Buffer.alloc((BLOCK - (entry.content.length % BLOCK)) % BLOCK);
    return [header(entry), entry.content, padding];
  });
  return [...members, Buffer.alloc(2 * BLOCK)];
}

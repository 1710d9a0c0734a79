/** Trees of files made and read back in pods: what was written, by path, as sha256 of the content. */
import { shell, type ExecOptions, type Kube } from './kube.ts';
import { MOUNT_PATH } from './manifests.ts';

/** SHA-256 in hex by path relative to the volume's root. */
export type Checksums = Readonly<Record<string, string>>;

/** Parses what `sha256sum` prints. Paths with newlines do not occur in our trees. */
export function parseChecksums(printed: string): Checksums {
  const rows = printed.split('\n').flatMap((line) => {
    const found = /^([0-9a-f]{64}) {2}(?:\.\/)?(.+)$/.exec(line);
    return found?.[1] === undefined || found[2] === undefined ? [] : [[found[2], found[1]] as const];
  });
  return Object.fromEntries(rows);
}

/** The checksum of every regular file of the volume, read by the pod itself. */
export async function checksumsIn(kube: Kube, options: ExecOptions): Promise<Checksums> {
  const script = `cd ${MOUNT_PATH} && find . -type f -print0 | sort -z | xargs -0 -r sha256sum`;
  return parseChecksums(await shell(kube, script, { timeoutMs: 300_000, ...options }));
}

export interface TreeSize {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

/** Writes `files` files of random content, `bytes` in all, over `directories` directories, and fsyncs them. */
export async function writeTree(kube: Kube, size: TreeSize, options: ExecOptions): Promise<void> {
  const each = Math.max(1, Math.floor(size.bytes / size.files));
  const script = `
    cd ${MOUNT_PATH}
    i=0
    while [ $i -lt ${size.files} ]; do
      d=dir$((i % ${size.directories}))
      [ -d $d ] || mkdir $d
      head -c ${each} /dev/urandom > $d/file$i
      i=$((i + 1))
    done
    sync`;
  await shell(kube, script, { timeoutMs: 300_000, ...options });
}

export interface Difference {
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  /** Files that nobody wrote down. */
  readonly extra: readonly string[];
}

/** What `found` lacks or has otherwise than `expected`. */
export function compareChecksums(expected: Checksums, found: Checksums): Difference {
  const paths = Object.keys(expected);
  return {
    missing: paths.filter((path) => found[path] === undefined),
    changed: paths.filter((path) => found[path] !== undefined && found[path] !== expected[path]),
    extra: Object.keys(found).filter((path) => expected[path] === undefined),
  };
}

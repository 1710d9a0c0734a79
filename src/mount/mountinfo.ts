/** One line of /proc/PID/mountinfo, see proc_pid_mountinfo(5). */
export interface MountInfo {
  readonly mountId: number;
  readonly parentId: number;
  /** `major:minor` of the superblock. Not always st_dev: btrfs gives each subvolume its own. */
  readonly device: string;
  /** The directory of the filesystem that is seen at the mount point; of a bind mount, its source. */
  readonly root: string;
  /** The source of the bind mount was removed after it was mounted. */
  readonly rootDeleted: boolean;
  /** As seen from the root directory of the process. */
  readonly mountPoint: string;
  readonly readOnly: boolean;
  /** Options of this mount, for example `rw`, `noatime`; those of the filesystem are apart. */
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

export interface MountTable {
  /** In the order in which they were mounted: the last of several at one mount point is the one that is seen. */
  readonly mounts: readonly MountInfo[];
  /** Lines of another form, unescaped. Each may be a mount: mountsShowing (location.ts) says whose. */
  readonly unreadable: readonly string[];
}

/** Never throws: one odd line of somebody else's is no reason to see no mount at all. */
export function parseMountInfo(text: string): MountTable {
  const mounts: MountInfo[] = [];
  const unreadable: string[] = [];
  for (const each of text.split('\n')) {
    const mount = parseLine(each);
    if (mount !== undefined) mounts.push(mount);
    else if (each !== '') unreadable.push(unescapeOctal(each));
  }
  return { mounts, unreadable };
}

const deletedMark = '//deleted';

/**
 * `36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue`
 *
 * Fields end at a space and nowhere else. A path may have anything that JavaScript takes for white space or for the end
 * of a line, since the kernel escapes only four of these; what a filesystem says of itself comes last, in its own words.
 */
const line =
  /^(?<mountId>\d+) (?<parentId>\d+) (?<device>\d+:\d+) (?<root>[^ ]+) (?<mountPoint>[^ ]+) (?<options>[^ ]+)(?: [^ ]+)*? - (?<fsType>[^ ]+) (?<source>[^ ]*) (?<superOptions>[^]+)$/;

function parseLine(text: string): MountInfo | undefined {
  const groups = line.exec(text)?.groups;
  if (groups === undefined) return undefined;
  function field(name: string): string {
    return groups?.[name] ?? '';
  }
  const options = field('options').split(',');
  const root = unescapeOctal(field('root'));
  const rootDeleted = root.endsWith(deletedMark);
  return {
    mountId: Number(field('mountId')),
    parentId: Number(field('parentId')),
    device: field('device'),
    root: rootDeleted ? root.slice(0, -deletedMark.length) : root,
    rootDeleted,
    mountPoint: unescapeOctal(field('mountPoint')),
    readOnly: options.includes('ro'),
    options,
    fsType: field('fsType'),
    source: unescapeOctal(field('source')),
    superOptions: field('superOptions').split(','),
  };
}

/**
 * The kernel writes space, tab, newline and backslash as three octal digits, byte by byte; other bytes are left as they
 * are, so what comes in has been decoded as UTF-8 already and only the escapes are to be put back.
 */
export function unescapeOctal(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

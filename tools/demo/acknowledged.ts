/** Which of the writer's files were acknowledged: fsynced before the last proven scan began. */
import type { Checksums } from '../kube/tree.ts';

export interface WrittenFile {
  readonly path: string;
  readonly sha256: string;
  /** Whole seconds since the epoch, read after the fsync returned. */
  readonly fsyncedAt: number;
}

/** Parses the writer's log: `<seconds> <sha256> <path>` a line; a line cut off by the power cut is left out. */
export function parseWriterLog(log: string): readonly WrittenFile[] {
  return log.split('\n').flatMap((line) => {
    const found = /^(\d{10}) ([0-9a-f]{64}) (\S+)$/.exec(line);
    const [, seconds, sha256, path] = found ?? [];
    if (seconds === undefined || sha256 === undefined || path === undefined) return [];
    return [{ path, sha256, fsyncedAt: Number(seconds) }];
  });
}

/**
 * The clock in the log has whole seconds: a file counts only if its second was over when the scan began. `through` is
 * RFC 3339.
 */
export function acknowledgedFiles(written: readonly WrittenFile[], through: string): Checksums {
  const limit = Date.parse(through) / 1000;
  const safe = written.filter((file) => file.fsyncedAt + 1 <= limit);
  return Object.fromEntries(safe.map((file) => [file.path, file.sha256]));
}

/**
 * A shell script that writes one file after the other and logs each after its fsync. Each pod that runs it writes into
 * a directory of its own, so that a later one does not write over what an earlier one logged.
 */
export function writerScript(directory: string): string {
  return `
    trap "exit 0" TERM
    own=${directory}/$(date +%s)
    mkdir -p $own
    i=0
    while :; do
      f=$own/file$i
      head -c 4096 /dev/urandom | base64 > /tmp/next
      dd if=/tmp/next of=$f bs=64k conv=fsync 2>/dev/null
      s=$(sha256sum < $f)
      echo "$(date +%s) \${s%% *} \${f#*/data/}"
      i=$((i + 1))
      sleep 0.2
    done`;
}

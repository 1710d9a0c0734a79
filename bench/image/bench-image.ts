/** `local.test/bench:dev`: Debian's fio with the libraries that it loads, and a static busybox for a shell. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../../tools/host/run-command.ts';
import { writeDockerArchive } from '../../tools/images/docker-archive.ts';
import type { ImageFolders } from '../../tools/images/sidecars.ts';
import type { TarEntry } from '../../tools/images/tar.ts';

const FIO = '/usr/bin/fio';
const BUSYBOX = '/bin/busybox';

/** The files that ldd names, the loader among them. */
export function parseLibraries(printed: string): readonly string[] {
  return printed.split('\n').flatMap((line) => {
    const found = /(?:=> )?(\/\S+) \(0x[0-9a-f]+\)/.exec(line);
    return found?.[1] === undefined ? [] : [found[1]];
  });
}

function directoriesOf(paths: readonly string[]): readonly TarEntry[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let dir = dirname(path); dir !== '/'; dir = dirname(dir)) found.add(dir.slice(1));
  }
  return [...found].sort().map((path) => ({ kind: 'directory', path, mode: 0o755 }));
}

/** Writes the archive and gives back its path. fio and busybox have to be installed. */
export async function writeBenchImage(folders: ImageFolders, signal: AbortSignal): Promise<string> {
  const libraries = parseLibraries(await runCommand(['ldd', FIO], { signal }));
  const files = [FIO, BUSYBOX, ...libraries];
  const archive = join(folders.images, 'bench.tar');
  const entries: readonly TarEntry[] = [
    ...directoriesOf([...files, '/bin/sh']),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    ...files.map((path) => ({
      kind: 'file' as const,
      path: path.slice(1),
      mode: 0o755,
      content: readFileSync(realpathSync(path)),
    })),
    ...['sh', 'sync', 'sleep', 'rm', 'cat', 'head'].map((applet) => ({
      kind: 'link' as const,
      path: `bin/${applet}`,
      target: 'busybox',
    })),
  ];
  const reference = 'local.test/bench:dev';
  writeDockerArchive(
    {
      reference,
      architecture: folders.architecture,
      entries,
      entrypoint: [],
      command: ['sh'],
      env: ['PATH=/bin:/usr/bin'],
    },
    archive,
  );
  return archive;
}

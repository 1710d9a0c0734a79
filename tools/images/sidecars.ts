import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ImagePlan, writeDockerArchive } from './docker-archive.ts';
import { ImageError } from './errors.ts';
import { isStaticElf } from './static-elf.ts';
import type { TarEntry } from './tar.ts';

/** Where images and the programs in them lie, and for which processor (as Go calls it) they are. */
export type ImageFolders = { readonly images: string; readonly bin: string; readonly architecture: string };

function readStatic(path: string, remedy: string): Buffer {
  if (!existsSync(path)) throw new ImageError('missing-program', `${path} is missing; ${remedy}`);
  const program = readFileSync(path);
  if (!isStaticElf(program))
    throw new ImageError(
      'not-static',
      `${path} needs libraries and cannot be an image of its own; ${remedy}`,
    );
  return program;
}

/** Everything an image of one static program needs: the program, and a /tmp. */
function programEntries(name: string, program: Buffer): readonly TarEntry[] {
  return [
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    { kind: 'file', path: name, mode: 0o755, content: program },
    // Where the official image of Syncthing has it.
    { kind: 'directory', path: 'bin', mode: 0o755 },
    { kind: 'link', path: `bin/${name}`, target: `/${name}` },
  ];
}

/** True when the archive is there and younger than the program in it and than this recipe. */
function isCurrent(archive: string, program: string): boolean {
  if (!existsSync(archive) || !existsSync(program)) return false;
  const made = statSync(archive).mtimeMs;
  return [program, import.meta.filename].every((source) => statSync(source).mtimeMs < made);
}

function writeOnce(
  folders: ImageFolders,
  name: string,
  source: string,
  plan: () => Omit<ImagePlan, 'reference' | 'architecture'>,
): string {
  const archive = join(folders.images, `${name}.tar`);
  if (!isCurrent(archive, source)) {
    const reference = `local.test/${name}:dev`;
    writeDockerArchive({ reference, architecture: folders.architecture, ...plan() }, archive);
  }
  return archive;
}

/** The sandbox of every pod: a static init from Debian that waits and reaps. */
function writePauseImage(folders: ImageFolders): string {
  const source = '/usr/bin/catatonit';
  return writeOnce(folders, 'pause', source, () => ({
    entries: [
      { kind: 'file', path: 'pause', mode: 0o755, content: readStatic(source, 'apt-get install catatonit') },
    ],
    entrypoint: ['/pause', '-P'],
    user: '65535:65535',
  }));
}

/** Without wget and nslookup: looking names up crashes a static one. */
const BUSYBOX_APPLETS =
  '[ awk base64 basename cat chmod chown cksum cmp cp cut date dd df diff dirname du echo env expr false find fold free grep gunzip gzip head hostname httpd id ip kill ln ls md5sum mkdir mkfifo mknod mktemp more mount mv nc od paste ping pidof ps pwd readlink realpath rm rmdir sed seq sh sha1sum sha256sum sha512sum sleep sort stat stty sync tac tail tar tee telnet test time timeout top touch tr true truncate tty umount uname uniq unlink usleep vi wc which whoami xargs yes'.split(
    ' ',
  );

/** A shell and its tools for pods of tests and demo. */
function writeBusyboxImage(folders: ImageFolders): string {
  const source = '/bin/busybox';
  return writeOnce(folders, 'busybox', source, () => ({
    entries: [
      { kind: 'directory', path: 'bin', mode: 0o755 },
      { kind: 'directory', path: 'etc', mode: 0o755 },
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      {
        kind: 'file',
        path: 'bin/busybox',
        mode: 0o755,
        content: readStatic(source, 'apt-get install busybox-static'),
      },
      { kind: 'file', path: 'etc/passwd', mode: 0o644, content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
      { kind: 'file', path: 'etc/group', mode: 0o644, content: Buffer.from('root:x:0:\n') },
      ...BUSYBOX_APPLETS.map((applet) => ({
        kind: 'link' as const,
        path: `bin/${applet}`,
        target: 'busybox',
      })),
    ],
    entrypoint: [],
    command: ['sh'],
    env: ['PATH=/bin'],
  }));
}

/** Images that pods need before anything of ours runs; gives back the archives. */
export function writeBaseImages(folders: ImageFolders): readonly string[] {
  return [writePauseImage(folders), writeBusyboxImage(folders)];
}

/** One image for each program that runs beside the driver, of nothing but that program; gives back the archives. */
export function writeSidecarImages(folders: ImageFolders): readonly string[] {
  return ['csi-provisioner', 'csi-attacher', 'syncthing'].map((name) => {
    const source = join(folders.bin, name);
    return writeOnce(folders, name, source, () => ({
      entries: programEntries(name, readStatic(source, 'run make programs')),
      entrypoint: [`/${name}`],
    }));
  });
}

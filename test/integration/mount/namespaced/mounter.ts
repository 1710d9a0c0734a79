import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMountPoint, removeMountPoint } from '../../../../src/mount/mount-point.ts';
import { syncFilesystems } from '../../../../src/mount/sync-filesystems.ts';
import { createMounter } from '../../../../src/mount/util-linux-mounter.ts';
import { describeMounter } from '../../../contract/mounter-contract.ts';

function create() {
  return createMounter({ hostProc: '/proc', timeoutMs: 10_000 });
}

describeMounter('the mounter of util-linux', create);

const { signal } = new AbortController();
const mounter = create();
let base: string;
let source: string;
let target: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'mounts-')));
  source = path.join(base, 'data');
  target = path.join(base, 'pods', '0f0e0d0c-0b0a-4908-8706-050403020100', 'mount');
  await mkdir(source);
});

afterEach(async () => {
  await mounter.unmount(target, signal);
  await removeMountPoint(target);
  await rm(base, { recursive: true });
});

async function mountTarget(readOnly = false): Promise<void> {
  await createMountPoint(target);
  await mounter.bind({ source, target, readOnly }, signal);
}

describe('bind', () => {
  test('what is written at the target is in the source', async () => {
    await mountTarget();
    await writeFile(path.join(target, 'file'), 'text');
    expect(await readdir(source)).toEqual(['file']);
  });

  test('read-only refuses writes, and the source stays writable', async () => {
    await mountTarget(true);
    await expect(writeFile(path.join(target, 'file'), 'text')).rejects.toMatchObject({ code: 'EROFS' });
    await writeFile(path.join(source, 'file'), 'text');
  });

  test('through a symbolic link in the path, as where the kubelet directory is one', async () => {
    await mkdir(path.join(base, 'pods'));
    await symlink(path.join(base, 'pods'), path.join(base, 'link'));
    const linked = path.join(base, 'link', 'mount');
    await createMountPoint(linked);
    await mounter.bind({ source, target: linked, readOnly: false }, signal);
    expect(await mounter.mountAt(linked)).toMatchObject({ mountPoint: path.join(base, 'pods', 'mount') });
    await mounter.unmount(linked, signal);
    await removeMountPoint(linked);
  });

  test('what is mounted below the source does not come along', async () => {
    await mkdir(path.join(source, 'inner'));
    await execa('mount', ['-t', 'tmpfs', 'tmpfs', path.join(source, 'inner')]);
    await writeFile(path.join(source, 'inner', 'file'), 'text');
    await mountTarget();
    expect(await readdir(path.join(target, 'inner'))).toEqual([]);
    await execa('umount', [path.join(source, 'inner')]);
  });

  test('a source that was removed behind the mount is told from one that is there', async () => {
    await mountTarget();
    await rm(source, { recursive: true });
    expect(await mounter.mountAt(target)).toMatchObject({ rootDeleted: true });
    await mkdir(source);
    await expect(mounter.bind({ source, target, readOnly: false }, signal)).rejects.toMatchObject({
      kind: 'busy',
    });
  });
});

describe('a mount of another pod', () => {
  test.for([
    ['of white space that is not ASCII', '\u00A0\u3000\u2028'],
    ['of control characters', '\r\v\f'],
    ['of what the kernel escapes', ' \t\n\\040#'],
  ])('keeps nobody from being seen: %s', async ([, name]) => {
    const other = path.join(base, `other${name}`);
    await mkdir(other);
    await execa('mount', ['--bind', other, other]);
    await mountTarget();
    expect(await mounter.mountsOf(source)).toMatchObject([{ mountPoint: target }]);
    expect(await mounter.findMountsOf(source)).toMatchObject([{ mountPoint: target }]);
    expect(await mounter.findMountsOf(other)).toMatchObject([{ mountPoint: other }]);
    await mounter.unmount(other, signal);
    expect(await mounter.mountAt(other)).toBeUndefined();
  });

  test('is seen where its name is no UTF-8', async () => {
    const other = Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xe3, 0xff, 0x80)]);
    await mkdir(other);
    const bind = 'name="$1/$(printf "\\343\\377\\200")"; mount --bind "$name" "$name"';
    await execa('sh', ['-c', bind, 'sh', source]);
    expect(await mounter.findMountsOf(source)).toHaveLength(1);
    await execa('sh', ['-c', bind.replace(/mount --bind .*/, 'umount "$name"'), 'sh', source]);
    expect(await mounter.findMountsOf(source)).toEqual([]);
  });
});

describe('unmount', () => {
  test('removes every layer', async () => {
    await mountTarget();
    await execa('mount', ['--bind', source, target]);
    await mounter.unmount(target, signal);
    expect(await mounter.mountsOf(source)).toEqual([]);
  });

  test('a file in use makes it busy, and it stays', async () => {
    await mountTarget();
    const file = await open(path.join(target, 'file'), 'w');
    await expect(mounter.unmount(target, signal)).rejects.toMatchObject({ kind: 'busy' });
    expect(await mounter.mountAt(target)).toBeDefined();
    await file.close();
  });
});

describe('findMountsOf', () => {
  test('finds what a process of another namespace alone still holds, and its pod', async () => {
    await mountTarget();
    const container = execa(
      'unshare',
      ['--mount', '--propagation', 'private', '--', 'sh', '-c', 'echo up; read _'],
      {
        reject: false,
      },
    );
    await container.stdout[Symbol.asyncIterator]().next();
    await mounter.unmount(target, signal);
    expect(await mounter.mountsOf(source)).toEqual([]);
    const found = await mounter.findMountsOf(source);
    expect(found).toMatchObject([
      { pid: container.pid, mountPoint: target, podUid: '0f0e0d0c-0b0a-4908-8706-050403020100' },
    ]);
    container.stdin.end();
    await container;
    expect(await mounter.findMountsOf(source)).toEqual([]);
  });

  test('follows a directory that was renamed', async () => {
    await mountTarget();
    const archived = path.join(base, 'archived');
    await rename(source, archived);
    await mkdir(source);
    expect(await mounter.findMountsOf(source)).toEqual([]);
    expect(await mounter.findMountsOf(archived)).toHaveLength(1);
  });

  test('is not deceived by a chrooted process that comes first and does not reach the mount', async () => {
    await mountTarget();
    const jail = path.join(base, 'jail');
    await mkdir(jail);
    // The shell becomes the chrooted process, so its child, which sees all, has the higher pid.
    const script = 'exec 3<&0; mount --bind / "$0"; cat <&3 >/dev/null & echo up; exec chroot "$0" cat';
    const namespace = ['--mount', '--propagation', 'private', '--'];
    const container = execa('unshare', [...namespace, 'sh', '-c', script, jail], { reject: false });
    await container.stdout[Symbol.asyncIterator]().next();
    await mounter.unmount(target, signal);
    expect(await mounter.findMountsOf(source)).toMatchObject([{ mountPoint: target }]);
    container.stdin.end();
    await container;
  });
});

describe('mount point', () => {
  test('gives nobody any permission, also over a directory that was there', async () => {
    await createMountPoint(target);
    expect((await stat(target)).mode & 0o7777).toBe(0);
    await chmod(target, 0o755);
    await createMountPoint(target);
    expect((await stat(target)).mode & 0o7777).toBe(0);
  });

  test('keeps out a process without the rights of root', async () => {
    await createMountPoint(target);
    const touched = await execa(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', 'touch', `${target}/f`],
      {
        reject: false,
      },
    );
    expect(touched.exitCode).not.toBe(0);
    expect(await readdir(target)).toEqual([]);
  });

  test('is not made of a directory with files, nor removed with them', async () => {
    await mkdir(target, { recursive: true });
    await writeFile(path.join(target, 'file'), 'text');
    await expect(createMountPoint(target)).rejects.toMatchObject({ kind: 'not-empty' });
    await expect(removeMountPoint(target)).rejects.toMatchObject({ kind: 'not-empty' });
    await rm(path.join(target, 'file'));
  });

  test('is not removed under a mount', async () => {
    await mountTarget();
    await expect(removeMountPoint(target)).rejects.toMatchObject({ kind: 'busy' });
  });

  test('removed already is OK', async () => {
    await removeMountPoint(path.join(base, 'missing'));
  });
});

describe('syncFilesystems', () => {
  test('takes paths of several filesystems', async () => {
    await syncFilesystems([base, source, '/dev/shm'], { signal, timeoutMs: 20_000 });
  });

  test('says which path is missing', async () => {
    const synced = syncFilesystems([source, path.join(base, 'missing')], { signal, timeoutMs: 20_000 });
    await expect(synced).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('missing'),
    });
  });
});

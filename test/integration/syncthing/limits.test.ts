import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  lutimesSync,
  utimesSync,
  writeFileSync,
  chownSync,
} from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyEntries } from '../../../src/metadata/apply.ts';
import { findSpecial } from '../../../src/metadata/find-special.ts';
import { makePlain } from '../../../src/metadata/make-plain.ts';
import { planPlain } from '../../../src/metadata/plan-plain.ts';
import { ACCESS, attributesOf, DEFAULT, readableBy, removeAttribute, setAttribute } from './attributes.ts';
import { callOptions, introduce, putFolder, rootOf, share, untilProven, type Peer } from './peers.ts';
import { startRealPeer, type RealPeer } from './real-peer.ts';
import { until } from './until.ts';

// What docs/limitations.md says of Syncthing itself, and what handoff rules 39 and 40 rest on: a Syncthing that does
// otherwise is to be noticed here.
let writer: RealPeer;
let reader: RealPeer;
const call = callOptions;

beforeAll(async () => {
  writer = await startRealPeer();
  reader = await startRealPeer();
  await introduce([writer, reader]);
});
afterAll(async () => {
  for (const daemon of [writer, reader]) await daemon?.[Symbol.asyncDispose]();
});

/** Some of Syncthing's blocks. */
const HOLE = 1024 * 1024;

function dataOf(peer: Peer, folderId: string): string {
  return path.join(rootOf(peer, folderId), 'data');
}

/** A folder with what `write` makes in it, as it arrives on the other side. */
async function arrived(
  folderId: string,
  write: (at: (name: string) => string) => Promise<unknown> | void,
): Promise<(name: string) => string> {
  await share(folderId, writer, reader);
  mkdirSync(dataOf(writer, folderId));
  await write((name) => path.join(dataOf(writer, folderId), name));
  await writer.client.scan(folderId, call());
  await untilProven(folderId, writer, reader);
  return (name) => path.join(dataOf(reader, folderId), name);
}

/** The other side writes from now on. */
async function turn(folderId: string): Promise<void> {
  await putFolder(writer, folderId, 'receiveonly', [writer, reader]);
  await putFolder(reader, folderId, 'sendreceive', [writer, reader]);
  await reader.client.scan(folderId, call());
}

async function errorsOf(peer: Peer, folderId: string): Promise<readonly string[]> {
  const errors = await peer.client.folderErrors(folderId, { ...call(), perPage: 10 });
  return errors.map((each) => `${each.path}: ${each.error}`);
}

describe('what Syncthing leaves behind', () => {
  test('names of one file arrive as files, and its special bits do not', async () => {
    const at = await arrived('bits', (of) => {
      writeFileSync(of('one'), 'x');
      linkSync(of('one'), of('two'));
      chmodSync(of('one'), 0o6751);
      mkdirSync(of('directory'));
      chmodSync(of('directory'), 0o3775);
    });
    expect([statSync(at('one')).nlink, statSync(at('one')).mode & 0o7777]).toEqual([1, 0o751]);
    expect(statSync(at('two')).mode & 0o7777).toBe(0o751);
    expect(statSync(at('directory')).mode & 0o7777).toBe(0o775);
  });

  test('times of directories and links are those of their arrival', async () => {
    const at = await arrived('times', (of) => {
      mkdirSync(of('directory'));
      symlinkSync('directory', of('link'));
      writeFileSync(of('file'), '');
      utimesSync(of('file'), 1_000_000_000.123456, 1_000_000_000.123456);
      lutimesSync(of('link'), 1_000_000_000, 1_000_000_000);
      utimesSync(of('directory'), 1_000_000_000, 1_000_000_000);
    });
    expect(lstatSync(at('file'), { bigint: true }).mtimeNs / 1000n).toBe(1_000_000_000_123_456n);
    expect(lstatSync(at('link')).mtimeMs).toBeGreaterThan(1_000_000_000_000);
    expect(lstatSync(at('directory')).mtimeMs).toBeGreaterThan(1_000_000_000_000);
  });

  test('FIFOs are not there', async () => {
    const at = await arrived('fifo', async (of) => {
      mkdirSync(of('directory'));
      await execa('mkfifo', [of('directory/fifo')]);
    });
    expect(readdirSync(at('directory'))).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)('device files are not there', async () => {
    const at = await arrived('device', async (of) => {
      mkdirSync(of('directory'));
      await execa('mknod', [of('directory/null'), 'c', '1', '3']);
      writeFileSync(of('directory/file'), '');
    });
    expect(readdirSync(at('directory'))).toEqual(['file']);
  });

  test('blocks of zeros become holes', async () => {
    const at = await arrived('holes', (of) => writeFileSync(of('file'), Buffer.alloc(HOLE, 0)));
    const [there, here] = [at('file'), path.join(dataOf(writer, 'holes'), 'file')].map((file) =>
      statSync(file),
    );
    expect([there?.size, here?.size]).toEqual([HOLE, HOLE]);
    expect(here?.blocks).toBeGreaterThanOrEqual(HOLE / 512);
    expect(there?.blocks).toBeLessThan(HOLE / 512);
  });

  test.runIf(process.getuid?.() === 0)('an id without a name arrives as its number', async () => {
    const at = await arrived('ids', (of) => {
      writeFileSync(of('file'), '');
      chownSync(of('file'), 41_234, 41_235);
    });
    expect([statSync(at('file')).uid, statSync(at('file')).gid]).toEqual([41_234, 41_235]);
  });

  test('names like those of its own temporary files are passed over without a word', async () => {
    const at = await arrived('temporary', (of) => {
      for (const name of ['.syncthing.mine', '.syncthing.mine.tmp', '~syncthing~mine', 'syncthing'])
        writeFileSync(of(name), '');
    });
    expect(readdirSync(at('.'))).toEqual(['syncthing']);
    expect(await errorsOf(writer, 'temporary')).toEqual([]);
  });

  test.each([
    ['no UTF-8', Buffer.from([0x61, 0xe4]), /not in UTF8 encoding/],
    ['not in NFC form', Buffer.from('a\u0308'), /correct UTF8 normalization form/],
  ])(
    'a name that is %s is an error of the folder, so that no flush proves anything',
    async (kind, name, message) => {
      const folderId = `names-${name.length}-${kind.length}`;
      const at = await arrived(folderId, (of) => {
        writeFileSync(of('ordinary'), '');
        writeFileSync(Buffer.concat([Buffer.from(of('')), name]), '');
      });
      expect(readdirSync(at('.'))).toEqual(['ordinary']);
      expect(await errorsOf(writer, folderId)).toEqual([expect.stringMatching(message)]);
      expect((await writer.client.folderStatus(folderId, call())).errors).toBe(1);
    },
  );

  test('attributes of users arrive, those of the system and capabilities do not', async () => {
    const at = await arrived('attributes', async (of) => {
      writeFileSync(of('file'), '');
      await setAttribute(of('file'), 'user.mine', Buffer.from('1'));
      // CAP_NET_RAW, permitted and effective: revision 2 of the kernel's struct vfs_cap_data.
      const capability = Buffer.concat([Buffer.from('010000020020', 'hex'), Buffer.alloc(14)]);
      await setAttribute(of('file'), 'security.capability', capability);
    });
    expect(await attributesOf(at('file'))).toEqual({ 'user.mine': '31' });
  });

  test('access lists arrive, and so does that there is none', async () => {
    const at = await arrived('access', async (of) => {
      writeFileSync(of('file'), '');
      await setAttribute(of('file'), ACCESS, readableBy(1000));
      mkdirSync(of('directory'));
      await setAttribute(of('directory'), ACCESS, readableBy(1001));
      await setAttribute(of('directory'), DEFAULT, readableBy(1002));
      writeFileSync(of('directory/heir'), '', { mode: 0o666 });
      writeFileSync(of('directory/without'), '');
      await removeAttribute(of('directory/without'), ACCESS);
    });
    expect(await attributesOf(at('file'))).toEqual({ [ACCESS]: readableBy(1000).toString('hex') });
    expect(statSync(at('file')).mode & 0o777).toBe(0o640);
    expect(await attributesOf(at('directory'))).toEqual({
      [ACCESS]: readableBy(1001).toString('hex'),
      [DEFAULT]: readableBy(1002).toString('hex'),
    });
    expect(await attributesOf(at('directory/heir'))).toEqual({ [ACCESS]: readableBy(1002).toString('hex') });
    expect(await attributesOf(at('directory/without'))).toEqual({});
  });

  test('a store through mmap into a page that was written before is not noticed', async () => {
    await share('mapped', writer, reader);
    const [file, copy] = [writer, reader].map((peer) => path.join(rootOf(peer, 'mapped'), 'file'));
    const program = [
      'import mmap, sys',
      `f = open("${file}", "w+b")`,
      'f.truncate(4096)',
      'm = mmap.mmap(f.fileno(), 4096)',
      'm[0:1] = b"1"',
      'print("one", flush=True)',
      'sys.stdin.readline()',
      'm[0:1] = b"2"',
    ].join('\n');
    const mapping = execa('python3', ['-c', program], { buffer: false });
    await new Promise((resolve) => mapping.stdout.once('data', resolve));
    await writer.client.scan('mapped', call());
    await untilProven('mapped', writer, reader);
    mapping.stdin.end('\n');
    await mapping;
    await execa('sync', ['--file-system', rootOf(writer, 'mapped')]);
    await writer.client.scan('mapped', call());
    await untilProven('mapped', writer, reader);
    expect([file, copy].map((each) => readFileSync(String(each), 'latin1').charAt(0))).toEqual(['2', '1']);
    // What docs/limitations.md advises.
    utimesSync(String(file), 1_000_000_000, 1_000_000_000);
    await writer.client.scan('mapped', call());
    await untilProven('mapped', writer, reader);
    expect(readFileSync(String(copy), 'latin1').charAt(0)).toBe('2');
  });
});

describe('a tree that a pod wrote and others write now', () => {
  test('keeps attributes and access lists, also of what was made plain, and has those of the next writer', async () => {
    const at = await arrived('kept', async (of) => {
      for (const name of ['one', 'other', 'third']) writeFileSync(of(name), name);
      linkSync(of('one'), of('two'));
      for (const name of ['one', 'other', 'third']) {
        await setAttribute(of(name), ACCESS, readableBy(1000));
        await setAttribute(of(name), 'user.mine', Buffer.from('1'));
      }
      const root = dataOf(writer, 'kept');
      const { steps } = planPlain(await findSpecial(root, call().signal));
      expect(steps).toHaveLength(1);
      const scratch = path.join(rootOf(writer, 'kept'), '../scratch');
      await makePlain(steps, { root, scratch, syncFilesystems: async () => undefined, ...call() });
    });
    const before = { [ACCESS]: readableBy(1000).toString('hex'), 'user.mine': '31' };
    for (const name of ['one', 'two', 'other']) expect(await attributesOf(at(name))).toEqual(before);
    await turn('kept');
    await setAttribute(at('other'), ACCESS, readableBy(2000));
    await removeAttribute(at('other'), 'user.mine');
    await removeAttribute(at('third'), ACCESS);
    await reader.client.scan('kept', call());
    await untilProven('kept', reader, writer);
    const own = (name: string): string => path.join(dataOf(writer, 'kept'), name);
    expect(await attributesOf(own('other'))).toEqual({ [ACCESS]: readableBy(2000).toString('hex') });
    expect(await attributesOf(own('third'))).toEqual({ 'user.mine': '31' });
    expect(await attributesOf(own('two'))).toEqual(before);
    await writer.client.scan('kept', call());
    expect(await writer.client.folderStatus('kept', call())).toMatchObject({
      receiveOnlyTotalItems: 0,
      needTotalItems: 0,
      errors: 0,
    });
  });

  test('gets permissions of one name for all names of a file, behind its own back', async () => {
    await arrived('leaking', (of) => {
      writeFileSync(of('one'), 'x');
      linkSync(of('one'), of('two'));
    });
    await turn('leaking');
    chmodSync(path.join(dataOf(reader, 'leaking'), 'two'), 0o600);
    await reader.client.scan('leaking', call());
    await untilProven('leaking', reader, writer);
    expect(statSync(path.join(dataOf(reader, 'leaking'), 'one')).mode & 0o777).toBe(0o644);
    expect(statSync(path.join(dataOf(writer, 'leaking'), 'one')).mode & 0o777).toBe(0o600);
    await writer.client.scan('leaking', call());
    expect((await writer.client.folderStatus('leaking', call())).receiveOnlyTotalItems).toBe(1);
  });

  test('keeps a directory for ever that has a FIFO in it', async () => {
    await arrived('lasting', async (of) => {
      mkdirSync(of('directory'));
      await execa('mkfifo', [of('directory/fifo')]);
    });
    await turn('lasting');
    rmSync(path.join(dataOf(reader, 'lasting'), 'directory'), { recursive: true });
    await reader.client.scan('lasting', call());
    const error = await until('it is in error', async () => (await errorsOf(writer, 'lasting'))[0]);
    expect(error).toMatch(/directory: .*contains changed files/);
  });
});

test('what is put back makes no receiver dirty, and is still there when its node writes', async () => {
  const at = await arrived('dressed', (of) => {
    mkdirSync(of('directory'));
    writeFileSync(of('one'), 'x'.repeat(200_000));
    linkSync(of('one'), of('directory/two'));
    chmodSync(of('one'), 0o4755);
    symlinkSync('one', of('link'));
    lutimesSync(of('link'), 1_000_000_000, 1_000_000_000);
    utimesSync(of('directory'), 1_000_000_000, 1_000_000_000);
  });
  const signal = AbortSignal.timeout(10_000);
  const { entries } = planPlain(await findSpecial(dataOf(writer, 'dressed'), signal));
  const options = { root: at('.'), scratch: path.join(rootOf(reader, 'dressed'), '../scratch'), signal };
  expect(await applyEntries(entries, options)).toMatchObject({ steps: 4, skipped: [] });
  await reader.client.scan('dressed', call());
  expect(await reader.client.folderStatus('dressed', call())).toMatchObject({
    receiveOnlyTotalItems: 0,
    needTotalItems: 0,
    errors: 0,
  });
  await turn('dressed');
  await untilProven('dressed', reader, writer);
  expect(planPlain(await findSpecial(at('.'), signal)).entries).toEqual(entries);
});

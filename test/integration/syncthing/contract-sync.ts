import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  callOptions,
  isSettled,
  putFolder,
  read,
  rootOf,
  share,
  untilConnected,
  untilProven,
  write,
  type Peer,
} from './peers.ts';
import { until } from './until.ts';

/** What we rely on about indexes, needs and types. `peers` gives two daemons that know each other. */
export function syncContract(peers: () => readonly [Peer, Peer]): void {
  const call = callOptions;

  test('what the writer has at its scan is proven at the receiver, from both sides', async () => {
    const [writer, receiver] = peers();
    write(writer, 'proof', 'data/a', 'alpha');
    write(writer, 'proof', 'data/empty', '');
    fs.mkdirSync(path.join(rootOf(writer, 'proof'), 'data/dir'));
    await share('proof', writer, receiver);
    await untilProven('proof', writer, receiver);
    expect(read(receiver, 'proof', 'data/a')).toBe('alpha');
    expect(read(receiver, 'proof', 'data/empty')).toBe('');
    expect(fs.existsSync(path.join(rootOf(receiver, 'proof'), 'data/dir'))).toBe(true);

    const own = await writer.client.completion('proof', call());
    const status = await writer.client.folderStatus('proof', call());
    const device = { ...call(), deviceId: writer.deviceId };
    const known = await receiver.client.completion('proof', device);
    expect(own.sequence).toBe(4);
    expect(status.sequence).toBe(own.sequence);
    expect(known.sequence).toBe(own.sequence);
    const remote = { ...call(), deviceId: receiver.deviceId };
    const remoteState = (await writer.client.completion('proof', remote)).remoteState;
    expect(remoteState).toBe('valid');
    const ofReceiver = await receiver.client.folderStatus('proof', call());
    expect(ofReceiver.remoteSequence?.[writer.deviceId]).toBe(own.sequence);
  });

  test('an empty folder: sequence 0 on both sides, and nothing is needed', async () => {
    const [writer, receiver] = peers();
    await share('empty', writer, receiver);
    await untilProven('empty', writer, receiver);
    expect((await writer.client.completion('empty', call())).sequence).toBe(0);
    const device = { ...call(), deviceId: writer.deviceId };
    expect((await receiver.client.completion('empty', device)).sequence).toBe(0);
  });

  test('each scan that finds something raises the sequence, one that finds nothing does not', async () => {
    const [writer] = peers();
    await putFolder(writer, 'sequence', 'sendreceive', []);
    write(writer, 'sequence', 'a', '1');
    await writer.client.scan('sequence', call());
    const first = await writer.client.completion('sequence', call());
    await writer.client.scan('sequence', call());
    expect((await writer.client.completion('sequence', call())).sequence).toBe(first.sequence);
    write(writer, 'sequence', 'a', '22');
    await writer.client.scan('sequence', call());
    const last = await writer.client.completion('sequence', call());
    expect(last.sequence).toBeGreaterThan(first.sequence);
  });

  test('a scan of a part sees that part only', async () => {
    const [writer] = peers();
    await putFolder(writer, 'part', 'sendreceive', []);
    write(writer, 'part', 'x', '1');
    write(writer, 'part', 'y', '1');
    await writer.client.scan('part', call());
    await writer.client.scan('part', { ...call(), sub: ['.stfolder'] });
    write(writer, 'part', 'x2', '1');
    await writer.client.scan('part', { ...call(), sub: ['x2'] });
    write(writer, 'part', 'y', '22');
    expect((await writer.client.file('part', 'x2', call()))?.local?.size).toBe(1);
    expect((await writer.client.file('part', 'y', call()))?.local?.size).toBe(1);
  });

  test('a peer that cannot be reached still needs, by name, until it is back', async () => {
    const [writer, receiver] = peers();
    await share('away', writer, receiver);
    await untilProven('away', writer, receiver);
    await writer.client.setDevicePaused(receiver.deviceId, true, call());
    write(writer, 'away', 'late', 'x');
    await writer.client.scan('away', call());
    const need = await writer.client.remoteNeed('away', receiver.deviceId, call());
    expect(need).toEqual({ empty: false, names: ['late'] });
    const device = { ...call(), deviceId: receiver.deviceId };
    const completion = await writer.client.completion('away', device);
    expect(completion.remoteState).not.toBe('valid');
    await writer.client.setDevicePaused(receiver.deviceId, false, call());
    await untilConnected(writer, receiver);
    await untilProven('away', writer, receiver);
    expect(read(receiver, 'away', 'late')).toBe('x');
  });

  test('a deletion arrives, and the receiver keeps the old file in .stversions', async () => {
    const [writer, receiver] = peers();
    write(writer, 'deletion', 'data/f', 'old');
    await share('deletion', writer, receiver);
    await untilProven('deletion', writer, receiver);
    fs.rmSync(path.join(rootOf(writer, 'deletion'), 'data/f'));
    await writer.client.scan('deletion', call());
    await untilProven('deletion', writer, receiver);
    expect(read(receiver, 'deletion', 'data/f')).toBeUndefined();
    const kept = fs.readdirSync(path.join(rootOf(receiver, 'deletion'), '.stversions/data'));
    expect(kept).toEqual([expect.stringMatching(/^f~\d{8}-\d{6}$/)]);
    const entry = await receiver.client.file('deletion', 'data/f', call());
    expect(entry).toMatchObject({ local: { deleted: true }, global: { deleted: true } });
    expect(await receiver.client.browse('deletion', { ...call(), prefix: 'data' })).toEqual([]);
  });

  test('both sides name the same version of a file; one that never was is not found', async () => {
    const [writer, receiver] = peers();
    write(writer, 'version', 'f', '1');
    await share('version', writer, receiver);
    await untilProven('version', writer, receiver);
    const ofWriter = await writer.client.file('version', 'f', call());
    const version = [expect.stringMatching(/^[A-Z2-7]{7}:\d+$/)];
    expect(ofWriter).toMatchObject({ local: { version } });
    const same = { version: ofWriter?.local?.version, modifiedBy: writer.deviceId.slice(0, 7) };
    expect(await receiver.client.file('version', 'f', call())).toMatchObject({
      local: same,
      global: same,
      availability: [writer.deviceId],
    });
    expect(await writer.client.file('version', 'never', call())).toBeUndefined();
    const unknown = writer.client.file('no-such-folder', 'f', call());
    await expect(unknown).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('browse gives the tree', async () => {
    const [writer] = peers();
    await putFolder(writer, 'tree', 'sendreceive', []);
    write(writer, 'tree', 'd/e/f', '123');
    fs.symlinkSync('e/f', path.join(rootOf(writer, 'tree'), 'd/link'));
    await writer.client.scan('tree', call());
    const [d] = await writer.client.browse('tree', call());
    expect(d).toMatchObject({ name: 'd', type: 'directory' });
    expect(d?.children.map(({ name, type }) => [name, type])).toEqual([
      ['e', 'directory'],
      ['link', 'symlink'],
    ]);
    expect(d?.children[0]?.children).toMatchObject([{ name: 'f', type: 'file', size: 3 }]);
    const top = await writer.client.browse('tree', { ...call(), levels: 0 });
    expect(top).toMatchObject([{ name: 'd', children: [] }]);
  });

  test('a change behind the back of a receiver is counted there, listed, kept to itself, and reverted', async () => {
    const [writer, receiver] = peers();
    write(writer, 'local', 'f', 'right');
    await share('local', writer, receiver);
    await untilProven('local', writer, receiver);
    write(receiver, 'local', 'f', 'wrong!');
    write(receiver, 'local', 'extra', 'x');
    await receiver.client.scan('local', call());
    const changed = await receiver.client.folderStatus('local', call());
    expect(changed).toMatchObject({ receiveOnlyTotalItems: 2, needTotalItems: 0 });
    const names = await receiver.client.localChanged('local', call());
    expect(names.toSorted()).toEqual(['extra', 'f']);
    const pages = [1, 2, 3].map((page) =>
      receiver.client.localChanged('local', { ...call(), page, perPage: 1 }),
    );
    const [first = [], second = [], third] = await Promise.all(pages);
    expect([...first, ...second]).toEqual(names);
    expect(third).toEqual([]);
    const flagged = await receiver.client.file('local', 'extra', call());
    expect((flagged?.local?.localFlags ?? 0) & 8).toBe(8);

    await receiver.client.revert('local', call());
    await untilProven('local', writer, receiver);
    expect(read(receiver, 'local', 'f')).toBe('right');
    expect(read(receiver, 'local', 'extra')).toBeUndefined();
    expect(read(writer, 'local', 'extra')).toBeUndefined();
    expect(read(writer, 'local', 'f')).toBe('right');
  });

  test('a wiped receiver needs nothing by its own account; its local changes and the writer tell', async () => {
    const [writer, receiver] = peers();
    write(writer, 'wiped', 'a', '1');
    write(writer, 'wiped', 'b', '2');
    await share('wiped', writer, receiver);
    await untilProven('wiped', writer, receiver);
    fs.rmSync(path.join(rootOf(receiver, 'wiped'), 'a'));
    fs.rmSync(path.join(rootOf(receiver, 'wiped'), 'b'));
    await receiver.client.scan('wiped', call());
    const status = await receiver.client.folderStatus('wiped', call());
    expect(status).toMatchObject({ receiveOnlyTotalItems: 2, needTotalItems: 0 });
    await until('the writer hears of it', async () => {
      return !(await writer.client.remoteNeed('wiped', receiver.deviceId, call())).empty;
    });
    expect(read(writer, 'wiped', 'a')).toBe('1');
    await receiver.client.revert('wiped', call());
    await untilProven('wiped', writer, receiver);
    expect(read(receiver, 'wiped', 'a')).toBe('1');
  });

  test('the writer changes: receiver becomes writer, announces what was written before the switch', async () => {
    const [a, b] = peers();
    write(a, 'switch', 'f', 'from a');
    await share('switch', a, b);
    await untilProven('switch', a, b);
    await putFolder(a, 'switch', 'receiveonly', [a, b]);
    write(b, 'switch', 'f', 'from b');
    await b.client.scan('switch', call());
    expect((await b.client.folderStatus('switch', call())).receiveOnlyTotalItems).toBe(1);
    await putFolder(b, 'switch', 'sendreceive', [a, b]);
    await b.client.scan('switch', call());
    expect((await b.client.folderStatus('switch', call())).receiveOnlyTotalItems).toBe(0);
    await untilProven('switch', b, a);
    expect(read(a, 'switch', 'f')).toBe('from b');
  });

  test('a folder that only sends keeps its files, and overrides what another has otherwise', async () => {
    const [writer, other] = peers();
    for (const name of ['same', 'changed', 'deleted']) write(writer, 'only', name, name);
    await share('only', writer, other);
    await untilProven('only', writer, other);
    await putFolder(writer, 'only', 'sendonly', [other]);
    await putFolder(other, 'only', 'sendreceive', [writer]);
    fs.rmSync(path.join(rootOf(writer, 'only'), 'deleted'));
    await writer.client.scan('only', call());
    await until('the deletion has arrived', () => read(other, 'only', 'deleted') === undefined);
    write(other, 'only', 'changed', 'elsewhere');
    write(other, 'only', 'deleted', 'back elsewhere');
    await other.client.scan('only', call());
    await until('the writer hears of both', async () => {
      return (await writer.client.folderStatus('only', call())).needTotalItems === 2;
    });
    expect(read(writer, 'only', 'changed')).toBe('changed');
    expect(read(writer, 'only', 'deleted')).toBeUndefined();

    await writer.client.override('only', call());
    await until('the writer lacks nothing', async () => {
      return (await writer.client.folderStatus('only', call())).needTotalItems === 0;
    });
    await untilProven('only', writer, other);
    expect(read(other, 'only', 'changed')).toBe('changed');
    expect(read(other, 'only', 'deleted')).toBeUndefined();
    expect(read(other, 'only', 'same')).toBe('same');
  });

  test('taken out and added again, over the same files: needs nothing new, agrees again', async () => {
    const [writer, receiver] = peers();
    write(writer, 'again', 'f', '1');
    await share('again', writer, receiver);
    await untilProven('again', writer, receiver);
    await putFolder(writer, 'again', 'sendreceive', []);
    await receiver.client.deleteFolder('again', call());
    await putFolder(receiver, 'again', 'receiveonly', [writer]);
    await putFolder(writer, 'again', 'sendreceive', [receiver]);
    await until('the receiver knows the index of the writer', async () => {
      const device = { ...call(), deviceId: writer.deviceId };
      return (await receiver.client.completion('again', device)).sequence > 0;
    });
    await receiver.client.scan('again', call());
    await receiver.client.revert('again', call());
    await untilProven('again', writer, receiver);
    expect(read(receiver, 'again', 'f')).toBe('1');
  });

  test('a receiver that is no longer shared with gets nothing more', async () => {
    const [writer, receiver] = peers();
    await share('unshared', writer, receiver);
    await untilProven('unshared', writer, receiver);
    await putFolder(writer, 'unshared', 'sendreceive', []);
    write(writer, 'unshared', 'secret', 'x');
    await writer.client.scan('unshared', call());
    // Another folder of the same pair shows that the connection works meanwhile.
    write(writer, 'still-shared', 'f', 'x');
    await share('still-shared', writer, receiver);
    await untilProven('still-shared', writer, receiver);
    expect(read(receiver, 'unshared', 'secret')).toBeUndefined();
  });

  test('a folder without marker cannot be scanned and says why', async () => {
    const [writer] = peers();
    await putFolder(writer, 'marker', 'sendreceive', []);
    write(writer, 'marker', 'f', '1');
    await writer.client.scan('marker', call());
    fs.rmSync(path.join(rootOf(writer, 'marker'), '.stfolder'), { recursive: true });
    const scan = writer.client.scan('marker', call());
    await expect(scan).rejects.toMatchObject({
      kind: 'folder-error',
      message: expect.stringContaining('marker missing'),
    });
    const status = await writer.client.folderStatus('marker', call());
    expect(status.state).toBe('error');
    expect(status.error).toContain('marker missing');
    expect(isSettled(status)).toBe(false);
    const unknown = writer.client.scan('no-such-folder', call());
    await expect(unknown).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('index and sequence outlive the daemon', async () => {
    const [writer, receiver] = peers();
    write(writer, 'restart', 'f', '1');
    await share('restart', writer, receiver);
    await untilProven('restart', writer, receiver);
    const before = await receiver.client.completion('restart', call());
    const started = (await receiver.client.systemStatus(call())).startTime;
    await until('a second has passed, the precision of the start time', () => {
      return Date.now() >= Date.parse(started) + 1_000;
    });
    await receiver.restart();
    const after = await receiver.client.completion('restart', call());
    expect(after.sequence).toBe(before.sequence);
    expect((await receiver.client.systemStatus(call())).startTime).not.toBe(started);
    await untilConnected(writer, receiver);
    write(writer, 'restart', 'g', '2');
    await writer.client.scan('restart', call());
    await untilProven('restart', writer, receiver);
  });
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ImagePlan, dockerArchivePieces, writeDockerArchive } from './docker-archive.ts';
import { isStaticElf } from './static-elf.ts';
import { tarPieces } from './tar.ts';

const image: ImagePlan = {
  reference: 'local.test/thing:dev',
  architecture: 'amd64',
  entries: [
    { kind: 'directory', path: 'bin', mode: 0o755 },
    { kind: 'file', path: 'bin/thing', mode: 0o755, content: Buffer.from('#!/bin/sh\n'.repeat(100)) },
    { kind: 'link', path: 'bin/other', target: 'thing' },
    { kind: 'file', path: `${'deep/'.repeat(25)}empty`, mode: 0o600, content: Buffer.alloc(0) },
  ],
  entrypoint: ['/bin/thing'],
  env: ['A=b'],
  user: '1000:1000',
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'archive-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function unpack(archive: string, into: string): string {
  const folder = mkdtempSync(join(directory, into));
  execFileSync('tar', ['-xf', archive, '-C', folder, '--no-same-owner']);
  return folder;
}

const manifestSchema = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.tuple([z.string()]) }),
);
const configSchema = z.object({
  config: z.object({ Entrypoint: z.array(z.string()), Env: z.array(z.string()), User: z.string() }),
  rootfs: z.object({ diff_ids: z.tuple([z.string()]) }),
});

describe('writeDockerArchive', () => {
  it('writes what tar and a container runtime read: names, digests, files, links, modes', () => {
    const archive = join(directory, 'thing.tar');
    writeDockerArchive(image, archive);
    const outer = unpack(archive, 'outer');
    const [manifest] = manifestSchema.parse(JSON.parse(readFileSync(join(outer, 'manifest.json'), 'utf8')));
    expect(manifest?.RepoTags).toEqual(['local.test/thing:dev']);
    const layer = join(outer, manifest?.Layers[0] ?? '');
    const config = configSchema.parse(JSON.parse(readFileSync(join(outer, manifest?.Config ?? ''), 'utf8')));
    const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
    expect(config.rootfs.diff_ids).toEqual([`sha256:${digest}`]);
    expect(config.config).toEqual({ Entrypoint: ['/bin/thing'], Env: ['A=b'], User: '1000:1000' });
    const root = unpack(layer, 'root');
    expect(lstatSync(join(root, 'bin/thing')).mode & 0o7777).toBe(0o755);
    expect(readlinkSync(join(root, 'bin/other'))).toBe('thing');
    expect(lstatSync(join(root, 'deep/'.repeat(25), 'empty')).size).toBe(0);
  });

  it('writes the same bytes for the same image, and others for another', () => {
    const bytes = Buffer.concat(dockerArchivePieces(image));
    expect(Buffer.concat(dockerArchivePieces({ ...image })).equals(bytes)).toBe(true);
    const renamed = dockerArchivePieces({ ...image, reference: 'local.test/thing:other' });
    expect(Buffer.concat(renamed).equals(bytes)).toBe(false);
  });
});

describe('tarPieces', () => {
  it.each(['x'.repeat(101), `${'y'.repeat(160)}/file`])(
    'refuses a path that the format cannot hold',
    (path) => {
      expect(() => tarPieces([{ kind: 'directory', path, mode: 0o755 }])).toThrow('too long');
    },
  );
});

describe('isStaticElf', () => {
  it('tells a program that needs a loader from one that does not', () => {
    expect(isStaticElf(readFileSync('/bin/busybox'))).toBe(true);
    expect(isStaticElf(readFileSync('/bin/ls'))).toBe(false);
    expect(isStaticElf(Buffer.from('#!/bin/sh\n'))).toBe(false);
  });
});

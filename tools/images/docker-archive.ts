import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type TarEntry, tarPieces } from './tar.ts';

/** An image of one layer, from scratch. */
export type ImagePlan = {
  /** With registry and tag, such as `local.test/pause:dev`. */
  readonly reference: string;
  /** `amd64`, `arm64`, as Go calls them. */
  readonly architecture: string;
  /** Parents before their children. */
  readonly entries: readonly TarEntry[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  /** NAME=value. */
  readonly env?: readonly string[];
  /** As in `USER`: a number, or number:number. Root when absent. */
  readonly user?: string;
  readonly workingDirectory?: string;
};

const CREATED = '1970-01-01T00:00:00Z';

function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function imageConfig(image: ImagePlan, layerDigest: string): string {
  return JSON.stringify({
    architecture: image.architecture,
    os: 'linux',
    created: CREATED,
    config: {
      Entrypoint: image.entrypoint,
      ...(image.command === undefined ? {} : { Cmd: image.command }),
      ...(image.env === undefined ? {} : { Env: image.env }),
      ...(image.user === undefined ? {} : { User: image.user }),
      ...(image.workingDirectory === undefined ? {} : { WorkingDir: image.workingDirectory }),
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: CREATED, created_by: 'tools/images' }],
  });
}

function file(path: string, content: string): TarEntry {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(content) };
}

/** The image as `docker save` writes it, in pieces: the same plan always gives the same bytes. */
export function dockerArchivePieces(image: ImagePlan): readonly Uint8Array[] {
  const layer = tarPieces(image.entries);
  const layerDigest = sha256(layer);
  const config = imageConfig(image, layerDigest);
  const configName = `${sha256([Buffer.from(config)])}.json`;
  const manifest = [{ Config: configName, RepoTags: [image.reference], Layers: [`${layerDigest}.tar`] }];
  return tarPieces([
    file('manifest.json', JSON.stringify(manifest)),
    file(configName, config),
    { kind: 'file', path: `${layerDigest}.tar`, mode: 0o644, content: Buffer.concat(layer) },
  ]);
}

/** Writes the image as a docker-archive tar, whole or not at all. */
export function writeDockerArchive(image: ImagePlan, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    for (const piece of dockerArchivePieces(image)) writeSync(descriptor, piece);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

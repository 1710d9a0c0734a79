import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Everything of the checkout that the Dockerfile reads; .dockerignore has the same list for `docker build .`. */
export const BUILD_INPUTS = [
  'package.json',
  'package-lock.json',
  '.npmrc',
  'tsconfig.json',
  'proto',
  'src',
  'tools/bundle',
] as const;

/** A file of the build: its path inside the checkout, and its content. */
export type InputFile = { readonly path: string; readonly content: Buffer };

function listFiles(checkout: string, path: string): readonly string[] {
  const full = join(checkout, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full).flatMap((name) => listFiles(checkout, join(path, name)));
}

/** The build's files in a fixed order, tests left out. */
export function readInputs(checkout: string): readonly InputFile[] {
  const paths = BUILD_INPUTS.flatMap((path) => listFiles(checkout, path)).filter(
    (path) => !path.endsWith('.test.ts'),
  );
  return paths.toSorted().map((path) => ({ path, content: readFileSync(join(checkout, path)) }));
}

/** One value that changes with any file's name or content, and with each of `others`. */
export function hashInputs(files: readonly InputFile[], others: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(others));
  for (const { path, content } of files) hash.update(`\0${path}\0${content.length}\0`).update(content);
  return hash.digest('hex');
}

/** Lays the files out with the same modes and times for everybody, so that a layer depends on nothing but content. */
export function writeInputs(files: readonly InputFile[], directory: string): void {
  for (const { path, content } of files) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, 0o644);
    utimesSync(target, 0, 0);
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { program } from '../kubernetes/programs.ts';

const run = promisify(execFile);
const CHART = 'deploy/chart';
export const LOCAL_VALUES = 'tools/deploy/local-values.yaml';

export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** `key=value` as helm's --set takes them. */
export async function render(
  namespace: string,
  sets: readonly string[] = [],
  files: readonly string[] = [],
): Promise<readonly Manifest[]> {
  const text = await helm(['template', 'release', CHART, '-n', namespace, ...words(sets, files)]);
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null && document !== undefined)
    .map((document) => manifestSchema.parse(document));
}

/** What helm tells whoever installed it. */
export async function notes(namespace: string, sets: readonly string[] = []): Promise<string> {
  const install = ['install', 'release', CHART, '-n', namespace, '--dry-run=client', ...words(sets, [])];
  const [, text = ''] = (await helm(install)).split('\nNOTES:\n');
  return text;
}

export async function lint(sets: readonly string[] = [], files: readonly string[] = []): Promise<string> {
  return await helm(['lint', '--strict', CHART, ...words(sets, files)]);
}

/** Rejects with an error whose message holds what helm complained about. */
async function helm(args: readonly string[]): Promise<string> {
  const { stdout } = await run(program('helm'), args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

function words(sets: readonly string[], files: readonly string[]): readonly string[] {
  return [...files.flatMap((file) => ['-f', file]), ...sets.flatMap((set) => ['--set-json', set])];
}

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

/** Files as they must not be, each with the rule that has to say so; and some as they may be. */
const cases: readonly { readonly file: string; readonly text: string; readonly refused: boolean }[] = [
  { file: 'src/desired/x.ts', text: `import '../runtime/clock.ts';`, refused: true },
  { file: 'src/desired/y.ts', text: `import '../handoff/proof.ts';`, refused: false },
  { file: 'src/handoff/x.ts', text: `import 'node:fs/promises';`, refused: true },
  { file: 'src/handoff/y.ts', text: `import '../syncthing/config-schema.ts';`, refused: true },
  { file: 'src/resharer/plan.ts', text: `import '../syncthing/client.ts';`, refused: true },
  { file: 'src/deleter/plan.ts', text: `import '../syncthing/folder-config.ts';`, refused: false },
  { file: 'src/controller/plan-nodes.ts', text: `import '@kubernetes/client-node';`, refused: true },
  { file: 'src/csi/x.ts', text: `import '../kubernetes/client.ts';`, refused: true },
  { file: 'src/csi/validate/x.ts', text: `import '../../mount/mounter.ts';`, refused: true },
  { file: 'src/csi/validate/y.ts', text: `import '../../desired/volume.ts';`, refused: false },
  { file: 'src/kubernetes/x.ts', text: `import '../controller/service.ts';`, refused: true },
  { file: 'src/mount/x.ts', text: `import '../syncthing/client.ts';`, refused: true },
  { file: 'src/mount/y.ts', text: `import '../runtime/clock.ts';`, refused: false },
  { file: 'src/syncthing/x.ts', text: `import '../node/store.ts';`, refused: true },
  { file: 'src/runtime/x.ts', text: `import '../csi/errors.ts';`, refused: true },
  { file: 'src/node/x.ts', text: `import '../resharer/plan.ts';`, refused: true },
  { file: 'src/node/y.ts', text: `import '../mount/mounter.ts';`, refused: false },
  { file: 'src/controller/x.ts', text: `import '../node/store.ts';`, refused: true },
  { file: 'src/node/z.ts', text: `export const home = process.env;`, refused: true },
  { file: 'src/node/main.ts', text: `export const home = process.env;`, refused: false },
  {
    file: 'src/runtime/y.ts',
    text: `import process from 'node:process'; export const p = process;`,
    refused: true,
  },
];

const root = path.resolve(import.meta.dirname, '../..');
let complaints: readonly string[] = [];
let scratch: string;

const report = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'import-directions-'));
  const config = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(await readFile(path.join(root, '.oxlintrc.json'), 'utf8')));
  // What is asked here needs no types, and there is no project around the files.
  await writeFile(path.join(scratch, '.oxlintrc.json'), JSON.stringify({ ...config, options: {} }));
  for (const { file, text } of cases) {
    await mkdir(path.join(scratch, path.dirname(file)), { recursive: true });
    await writeFile(path.join(scratch, file), `${text}\n`);
  }
  const { stdout } = await execa('oxlint', ['--format', 'json'], {
    preferLocal: true,
    localDir: root,
    cwd: scratch,
    reject: false,
  });
  complaints = report
    .parse(JSON.parse(stdout))
    .diagnostics.filter(({ code }) => code.includes('no-restricted-'))
    .map(({ filename }) => filename);
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

test.for(cases)('$file with $text', ({ file, refused }) => {
  expect(complaints.includes(file)).toBe(refused);
});

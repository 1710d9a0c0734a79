import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forOlderProvider, openWorkspace, type Workspace } from '../../../tools/terraform/workspace.ts';
import { program } from '../kubernetes/programs.ts';

const examples = fs.readdirSync('deploy/terraform/examples');
const abort = new AbortController();
let workspace: Workspace;

beforeAll(async () => {
  const bin = path.dirname(program('tofu'));
  workspace = openWorkspace({
    checkout: process.cwd(),
    bin,
    architecture: process.arch,
    signal: abort.signal,
  });
  await workspace.tofu(workspace.module, ['init', '-no-color']);
});
afterAll(() => {
  abort.abort();
  workspace?.[Symbol.dispose]();
});

describe('the Terraform module', () => {
  test('is formatted', async () => {
    const words = ['fmt', '-check', '-diff', '-recursive', '-no-color'];
    expect(await workspace.tofu(path.resolve('deploy/terraform'), words)).toBe('');
  });

  test('is valid', async () => {
    expect(await workspace.tofu(workspace.module, ['validate', '-no-color'])).toContain('is valid');
  });

  test('passes its own tests', async () => {
    const said = await workspace.tofu(workspace.module, ['test', '-no-color']);
    expect(said).toMatch(/Success! \d\d passed, 0 failed/);
  });

  test.each(examples)('has a valid example: %s', async (name) => {
    const directory = path.join(workspace.module, 'examples', name);
    const main = path.join(directory, 'main.tf');
    fs.writeFileSync(main, forOlderProvider(fs.readFileSync(main, 'utf8')));
    await workspace.tofu(directory, ['init', '-no-color']);
    expect(await workspace.tofu(directory, ['validate', '-no-color'])).toContain('is valid');
  });

  test.each(['README.md', 'deploy/terraform/README.md'])('is used as it can be in %s', async (file) => {
    const [, block = ''] = /```hcl\n(.*?)```/s.exec(fs.readFileSync(file, 'utf8')) ?? [];
    const here = block.replace(/"git::[^"]*\/\/(deploy\/terraform)[^"]*"/, '"../$1"');
    const root = workspace.root(file.replaceAll('/', '-'), forOlderProvider(here));
    await workspace.tofu(root, ['init', '-no-color']);
    expect(await workspace.tofu(root, ['validate', '-no-color'])).toContain('is valid');
  });
});

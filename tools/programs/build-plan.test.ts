import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildHash, goArguments } from './build-plan.ts';
import { HELM_PROVIDER_VERSION, PROGRAM_SETS, programsOf } from './program-set.ts';

const inputs = { goMod: 'module m', goSum: 'sum', toolchain: 'go1.26.0\nlinux\namd64' };

describe.each(PROGRAM_SETS.map((set) => [set.name, set] as const))('%s', (_, set) => {
  const goMod = join(import.meta.dirname, set.module, 'go.mod');

  it('builds only what its go.mod pins as a tool', () => {
    expect(existsSync(goMod)).toBe(true);
    const text = readFileSync(goMod, 'utf8');
    for (const goPackage of set.packages) expect(text).toMatch(new RegExp(`^(tool |\t)${goPackage}$`, 'm'));
  });

  it('lies elsewhere once anything that decides the result changes', () => {
    const hash = buildHash(set, inputs);
    expect(buildHash(set, { ...inputs })).toBe(hash);
    for (const key of ['goMod', 'goSum', 'toolchain'] as const)
      expect(buildHash(set, { ...inputs, [key]: 'other' })).not.toBe(hash);
    expect(buildHash({ ...set, ldflags: '-s' }, inputs)).not.toBe(hash);
  });
});

describe('PROGRAM_SETS', () => {
  it('has no two programs of one name', () => {
    const names = PROGRAM_SETS.flatMap((set) => programsOf(set).map((program) => program.name));
    expect(new Set(names).size).toBe(names.length);
  });

  it('names a module’s root without its major version', () => {
    const etcd = PROGRAM_SETS.find((set) => set.name === 'etcd');
    expect(etcd && programsOf(etcd)).toEqual([{ built: 'server', name: 'etcd' }]);
  });

  it('calls the helm provider what its go.mod pins', () => {
    const goMod = readFileSync(join(import.meta.dirname, 'terraform-provider-helm/go.mod'), 'utf8');
    expect(goMod).toMatch(
      new RegExp(`github.com/hashicorp/terraform-provider-helm v${HELM_PROVIDER_VERSION}( |$)`, 'm'),
    );
  });

  it('tells Kubernetes which version it is: clients misjudge one that does not know', () => {
    const kubernetes = PROGRAM_SETS.find((set) => set.name === 'kubernetes');
    expect(kubernetes && goArguments(kubernetes).join(' ')).toMatch(/gitVersion=v1\.36\.\d+ .*gitMinor=36/);
  });
});

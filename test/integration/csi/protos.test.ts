import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { generateProtos, loadProto } from '../../../tools/protos/generate.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** A proto as lines such as `csi.v1.Volume.volume_id = 2 string`: one for each fact, so that a difference is one line. */
type Facts = ReadonlySet<string>;

async function factsOf(file: string): Promise<Facts> {
  const facts = new Set<string>();
  collect(loadProto(file, { keepCase: true }), facts);
  return facts;
}

function collect(namespace: protobuf.NamespaceBase, facts: Set<string>): void {
  for (const nested of namespace.nestedArray) {
    if (nested.fullName.startsWith('.google')) continue;
    describeObject(nested, facts);
    if (nested instanceof protobuf.Namespace) collect(nested, facts);
  }
}

function describeObject(object: protobuf.ReflectionObject, facts: Set<string>): void {
  for (const fact of factsOfObject(object)) facts.add(fact);
  for (const option of optionsOf(object)) facts.add(`${object.fullName} ${option}`);
}

function factsOfObject(object: protobuf.ReflectionObject): readonly string[] {
  if (object instanceof protobuf.Enum) return describeEnum(object);
  if (object instanceof protobuf.Service) return object.methodsArray.map(describeMethod);
  if (object instanceof protobuf.Field) return [`extend ${object.extend} ${describeField(object)}`];
  if (!(object instanceof protobuf.Type)) return [];
  return [`message ${object.fullName}`, ...object.fieldsArray.map(describeField)];
}

function describeEnum({ fullName, values, valuesOptions }: protobuf.Enum): readonly string[] {
  return Object.entries(values).map(([name, number]) => {
    const options = optionsOf({ options: valuesOptions?.[name] ?? null });
    return `${fullName}.${name} = ${number} ${options.join(' ')}`;
  });
}

function describeField(field: protobuf.Field): string {
  const key = field instanceof protobuf.MapField ? `map<${field.keyType}>` : '';
  const label = field.repeated ? 'repeated' : '';
  const type = field.resolvedType?.fullName ?? field.type;
  const oneof = field.partOf ? `oneof ${field.partOf.name}` : '';
  return [field.fullName, '=', field.id, key, label, type, oneof, ...optionsOf(field)]
    .filter(Boolean)
    .join(' ');
}

function describeMethod(method: protobuf.Method): string {
  const request = `${method.requestStream ? 'stream ' : ''}${method.resolvedRequestType?.fullName}`;
  const response = `${method.responseStream ? 'stream ' : ''}${method.resolvedResponseType?.fullName}`;
  return [`rpc ${method.fullName}(${request}) returns (${response})`, ...optionsOf(method)].join(' ');
}

/** Only the specification's own; where the code of another language goes is no part of it. */
function optionsOf({
  options,
}: {
  readonly options?: Readonly<Record<string, unknown>> | null;
}): readonly string[] {
  return Object.entries(options ?? {})
    .filter(([name]) => name.startsWith('('))
    .map(([name, value]) => `${name}=${String(value)}`)
    .toSorted();
}

function without(facts: Facts, others: Facts): readonly string[] {
  return [...facts].filter((fact) => !others.has(fact)).toSorted();
}

/** A file of a Go module in the version that a program of tools/programs is built with. */
async function goModuleFile(program: string, module: string, file: string): Promise<string> {
  const cwd = path.join(root, 'tools/programs', program);
  const { stdout } = await execa('go', ['mod', 'download', '-json', module], { cwd });
  const { Dir: directory } = JSON.parse(stdout) as { readonly Dir: string };
  return path.join(directory, file);
}

const spec = 'github.com/container-storage-interface/spec';

describe('proto/csi.proto', () => {
  test('has every name, number, type, label, oneof and option of the specification, 1.12 and 1.13, and no other', async () => {
    const ours = await factsOf(path.join(root, 'proto/csi.proto'));
    const newer = await factsOf(await goModuleFile('csi-sanity', `${spec}@v1.13.0`, 'csi.proto'));
    const older = await factsOf(await goModuleFile('csi-sanity', `${spec}@v1.12.0`, 'csi.proto'));
    expect(newer.size).toBeGreaterThan(400);
    expect({ missing: without(newer, ours) }).toEqual({ missing: [] });
    expect({ missing: without(older, ours) }).toEqual({ missing: [] });
    expect({ ofNobody: without(ours, new Set([...older, ...newer])) }).toEqual({ ofNobody: [] });
  });

  test('is compared with the version that csi-sanity is built with', async () => {
    const file = await goModuleFile('csi-sanity', spec, 'csi.proto');
    expect(file).toContain('@v1.13.0');
  });
});

test('proto/pluginregistration.proto is the one of the kubelet', async () => {
  const ours = await factsOf(path.join(root, 'proto/pluginregistration.proto'));
  const file = 'pkg/apis/pluginregistration/v1/api.proto';
  const theirs = await factsOf(await goModuleFile('kubernetes', 'k8s.io/kubelet', file));
  expect(theirs.size).toBeGreaterThan(10);
  expect([...ours].toSorted()).toEqual([...theirs].toSorted());
});

test('src/csi/gen is what npm run protos makes', async () => {
  const made = await mkdtemp(path.join(tmpdir(), 'protos-'));
  try {
    await generateProtos(made);
    expect(await contentsOf(path.join(root, 'src/csi/gen'))).toEqual(await contentsOf(made));
  } finally {
    await rm(made, { recursive: true });
  }
});

async function contentsOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const read = files.map(
    async (file) => [path.relative(directory, file), await readFile(file, 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

/** What becomes of a definition of our resources that the cluster has, or has not: PURE. */

/** A CustomResourceDefinition as far as it is decided about. */
export interface Definition {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export type DefinitionPlan =
  | { readonly action: 'create' }
  | { readonly action: 'replace' }
  /** The cluster's is newer: another instance of the driver brought it. */
  | { readonly action: 'keep' }
  /** Resources that use what would be lost could not be read any more. */
  | { readonly action: 'refuse'; readonly lost: readonly string[] };

/**
 * Definitions only grow. The one that can hold everything that the other holds is the newer one, and stays or comes;
 * where each holds something that the other does not, a person has to look.
 */
export function planDefinition(ours: Definition, live: Definition | undefined): DefinitionPlan {
  if (live === undefined) return { action: 'create' };
  const [given, wanted] = [heldBy(live), heldBy(ours)];
  const lost = [...given].filter((fact) => !wanted.has(fact));
  if (lost.length === 0) return { action: 'replace' };
  const isNewer = [...wanted].every((fact) => given.has(fact));
  return isNewer ? { action: 'keep' } : { action: 'refuse', lost };
}

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: unknown): readonly (readonly [string, Json])[] {
  if (!isJson(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => (isJson(each) ? [[key, each] as const] : []));
}

/** Versions, fields with their types, and the values of enumerations, each as a text that a person can read. */
function heldBy({ spec }: Definition): ReadonlySet<string> {
  const versions: readonly unknown[] = Array.isArray(spec['versions']) ? spec['versions'] : [];
  return new Set(
    versions.filter(isJson).flatMap((version) => {
      const name = String(version['name']);
      const schema = isJson(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined;
      return version['served'] === true ? [name, ...fieldsOf(schema, name)] : [];
    }),
  );
}

function fieldsOf(schema: unknown, at: string): readonly string[] {
  if (!isJson(schema)) return [];
  const values: readonly unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : [];
  const fields = entries(schema['properties']).flatMap(([name, field]) => [
    `${at}.${name}: ${String(field['type'])}`,
    ...fieldsOf(field, `${at}.${name}`),
  ]);
  return [
    ...values.map((value) => `${at} = ${JSON.stringify(value)}`),
    ...fields,
    ...fieldsOf(schema['items'], `${at}[]`),
    ...fieldsOf(schema['additionalProperties'], `${at}{}`),
  ];
}

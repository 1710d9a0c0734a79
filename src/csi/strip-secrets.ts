import csiJson from './gen/csi.json' with { type: 'json' };

/** A message as proto/csi.proto describes it, as far as stripping needs it. */
interface Field {
  readonly type: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Namespace {
  readonly fields?: Readonly<Record<string, Field>>;
  readonly nested?: Readonly<Record<string, Namespace>>;
}

const stripped = '***stripped***';

/**
 * A copy of the message for the log, without what the proto marks as csi_secret (CSI 1.12, "Secrets Requirements"), at
 * any depth, and without mount flags, which "may contain sensitive information". An unknown message gives only its
 * name: better no log than a secret.
 */
export function stripSecrets(messageType: string, message: object): object {
  const scope = resolve(root, messageType.split('.'));
  if (scope === undefined) return { message: messageType };
  return stripFields(scope, message);
}

const root: Namespace = csiJson as Namespace;

/** The namespaces from the root down to a message; a relative type name is looked up from the innermost outwards. */
type Scope = readonly [...outer: Namespace[], message: Namespace];

function stripFields(scope: Scope, message: object): object {
  const fields = scope.at(-1)?.fields ?? {};
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      const field = fields[name];
      if (isSecret(name, field)) return [name, isEmpty(value) ? value : stripped];
      return [name, field === undefined ? value : stripValue(scope, field, value)];
    }),
  );
}

function isSecret(name: string, field: Field | undefined): boolean {
  return field?.options?.['(csi_secret)'] === true || name === 'mountFlags';
}

/** That there is no secret is worth knowing, and none is told by it. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && (value === null || Object.keys(value).length === 0);
}

function stripValue(scope: Scope, field: Field, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inner = lookUp(scope, field.type.split('.'));
  if (inner === undefined) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => stripValue(scope, field, item));
  return stripFields(inner, value);
}

function lookUp(scope: Scope, path: readonly string[]): Scope | undefined {
  for (let depth = scope.length; depth > 0; depth -= 1) {
    const outer = scope.slice(0, depth);
    const found = resolve(outer.at(-1) ?? root, path);
    if (found !== undefined) return [...outer, ...found];
  }
  return undefined;
}

function resolve(from: Namespace, path: readonly string[]): Scope | undefined {
  const scope: Namespace[] = [from];
  for (const name of path) {
    const next = scope.at(-1)?.nested?.[name];
    if (next === undefined) return undefined;
    scope.push(next);
  }
  const message = scope.at(-1);
  return message === undefined ? undefined : [...scope.slice(0, -1), message];
}

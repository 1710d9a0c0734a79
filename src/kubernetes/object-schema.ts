import * as z from 'zod/mini';
import type { Condition, ObjectIdentity } from '../desired/object.ts';
import { KubernetesError } from './errors.ts';

/** Whole numbers that a double holds exactly; the API server refuses negative ones by the CRDs. */
export const count = z.int().check(z.nonnegative());

/** `metav1.ObjectMeta` as far as everything of ours needs it. */
export const metadataSchema = z.object({
  name: z.string().check(z.minLength(1)),
  namespace: z.exactOptional(z.string()),
  uid: z.string().check(z.minLength(1)),
  resourceVersion: z.string().check(z.minLength(1)),
  generation: z._default(z.int(), 0),
  finalizers: z._default(z.array(z.string()), []),
  labels: z._default(z.record(z.string(), z.string()), {}),
  deletionTimestamp: z.exactOptional(z.string()),
});

export type Metadata = z.infer<typeof metadataSchema>;

export const conditionSchema: z.ZodMiniType<Condition> = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
});

/** The part of the metadata that domain types carry. */
export function identityOf(metadata: Metadata): ObjectIdentity {
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    finalizers: metadata.finalizers,
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
  };
}

/** Parses or throws `unexpected`, naming the object and the field; the value itself may be a secret and is left out. */
export function parseObject<T>(schema: z.ZodMiniType<T>, kind: string, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 3).map(complaint);
  throw new KubernetesError('unexpected', `${kind} ${nameIn(raw)} cannot be read: ${issues.join('; ')}`);
}

function complaint(issue: z.core.$ZodIssue): string {
  const said = issue.code === 'invalid_type' ? `is not a ${issue.expected}` : issue.code;
  return `${issue.path.join('.') || 'the object'} ${said}`;
}

/** The name of an object that may be anything. */
export function nameIn(raw: unknown): string {
  const named = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(raw);
  return named.success ? named.data.metadata.name : 'without a name';
}

import * as z from 'zod/mini';
import { KubernetesError, type KubernetesErrorKind } from './errors.ts';

/** metav1.Status, the API server's way to say no. */
const statusSchema = z.object({
  kind: z.literal('Status'),
  message: z._default(z.string(), ''),
  reason: z._default(z.string(), ''),
  code: z._default(z.int(), 0),
  details: z.prefault(
    z.object({
      name: z._default(z.string(), ''),
      retryAfterSeconds: z.exactOptional(z.number()),
      causes: z._default(z.array(z.object({ field: z._default(z.string(), '') })), []),
    }),
    {},
  ),
});
type Status = z.infer<typeof statusSchema>;

const MAX_MESSAGE = 1000;

const KIND_BY_CODE: Readonly<Record<number, KubernetesErrorKind>> = {
  400: 'invalid',
  401: 'forbidden',
  403: 'forbidden',
  409: 'conflict',
  410: 'gone',
  429: 'too-many-requests',
  502: 'unreachable',
  503: 'unreachable',
  504: 'timeout',
};

export interface Refusal {
  /** The operation, for the message. */
  readonly what: string;
  readonly code: number;
  readonly body: unknown;
  readonly retryAfter?: string | undefined;
}

/** What an answer that is not 2xx means. The server's message is quoted, its body and headers are not. */
export function refusalError(refusal: Refusal): KubernetesError {
  const parsed = statusSchema.safeParse(refusal.body);
  const status = parsed.success ? parsed.data : undefined;
  const kind = kindOf(refusal.code, status);
  const said = status?.message.slice(0, MAX_MESSAGE) || `HTTP ${refusal.code}`;
  const remedy = remedyOf(refusal.code, kind);
  const seconds = status?.details.retryAfterSeconds ?? Number(refusal.retryAfter);
  return new KubernetesError(kind, `${refusal.what}: ${said}${remedy}`, {
    ...(kind === 'too-many-requests' && Number.isFinite(seconds) && { retryAfterMs: seconds * 1000 }),
  });
}

/** What an ERROR event in a watch means. */
export function watchError(what: string, object: unknown): KubernetesError {
  const parsed = statusSchema.safeParse(object);
  return refusalError({ what, code: parsed.success ? parsed.data.code : 500, body: object });
}

function kindOf(code: number, status: Status | undefined): KubernetesErrorKind {
  if (status?.reason === 'Expired') return 'gone';
  if (status?.reason === 'AlreadyExists') return 'already-exists';
  if (code === 404) return kindOf404(status);
  if (code === 422) return kindOf422(status);
  return KIND_BY_CODE[code] ?? 'unexpected';
}

/** A 404 without a name is about the kind, not the object: nobody may take it for "the object is deleted". */
function kindOf404(status: Status | undefined): KubernetesErrorKind {
  return status?.reason === 'NotFound' && status.details.name !== '' ? 'not-found' : 'unexpected';
}

/** What validation refuses names the object; a failed test of a JSON patch, ours is of the uid, names nothing. */
function kindOf422(status: Status | undefined): KubernetesErrorKind {
  if (status?.reason !== 'Invalid') return 'invalid';
  const { name, causes } = status.details;
  return name === '' || causes.some((cause) => cause.field === 'metadata.uid') ? 'conflict' : 'invalid';
}

function remedyOf(code: number, kind: KubernetesErrorKind): string {
  if (code === 401) return ' (the API server does not know these credentials)';
  if (code === 422 && kind === 'conflict') return ' (the name belongs to another object by now)';
  return code === 404 && kind === 'unexpected' ? ' (is the CustomResourceDefinition installed?)' : '';
}

/**
 * Waits until a condition holds and gives what it found: `undefined` and `false` are "not yet".
 * Fails with the name of the condition and, when there is one, what was seen last.
 */
export async function until<T>(
  name: string,
  find: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly timeoutMs?: number; readonly seen?: () => unknown } = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 30_000);
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > deadline) {
      const seen = await options.seen?.();
      throw new Error(`waited in vain until ${name}${seen === undefined ? '' : `: ${JSON.stringify(seen)}`}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

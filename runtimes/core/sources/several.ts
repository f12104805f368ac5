/** Files that are read at the same time: a few, since every open one takes a handle, of which a machine has so many. */
export const AT_ONCE = 8;

/** `work` for each item, at most `most` at a time. The first error ends it, when those that were begun are done. */
export async function each<T>(
  items: ArrayLike<T>,
  work: (item: T, index: number) => Promise<void>,
  most = AT_ONCE,
): Promise<void> {
  let next = 0;
  let failed: { error: unknown } | null = null;
  const line = async () => {
    while (next < items.length && failed === null) {
      const i = next++;
      try {
        await work(items[i]!, i);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, line));
  if (failed !== null) throw (failed as { error: unknown }).error;
}

/** `photos,maps`: several paths in one text. A comma may also be part of a name. */

/** Pieces up to here are tried in every way. */
const PIECES = 32;

/**
 * The paths that a text names: itself, if it is there; else split at commas so that each part is there, into `count` parts
 * if that can be. Where nothing fits it is split at every comma, so that an error names what is missing.
 */
export async function pathsIn(
  text: string,
  count: number,
  exists: (path: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const pieces = text.split(',');
  if (pieces.length === 1 || (await exists(text))) return [text];
  if (pieces.length > PIECES) return pieces;
  /** For each beginning the parts that are there, with the piece that follows. */
  const parts: { path: string; next: number }[][] = [];
  for (let from = 0; from < pieces.length; from++) {
    parts.push([]);
    for (let next = from + 1; next <= pieces.length; next++) {
      const path = pieces.slice(from, next).join(',');
      if (path !== '' && (await exists(path))) parts[from]!.push({ path, next });
    }
  }
  return split(parts, count) ?? pieces;
}

/** A way through all pieces in `count` parts; else in any number of them. */
function split(parts: { path: string; next: number }[][], count: number): string[] | null {
  // ways[from][n]: the pieces from here on in n parts.
  const ways: (string[] | undefined)[][] = [...parts.map(() => []), [[]]];
  for (let from = parts.length - 1; from >= 0; from--) {
    for (const { path, next } of parts[from]!) {
      ways[next]!.forEach((rest, n) => {
        if (rest !== undefined) ways[from]![n + 1] ??= [path, ...rest];
      });
    }
  }
  return ways[0]![count] ?? ways[0]!.find((way) => way !== undefined) ?? null;
}

/**
 * For each field the item of its name (else of its name in other letters, `A` for `a`); what is left goes to the other
 * fields in the order in which it comes. As many items as fields.
 */
export function byName<T>(items: readonly T[], fields: readonly string[], nameOf: (item: T) => string): T[] {
  const left = [...items];
  const chosen = new Map<string, T>();
  const take = (field: string, item: T | undefined) => {
    if (item === undefined) return;
    chosen.set(field, item);
    left.splice(left.indexOf(item), 1);
  };
  const lower = (item: T) => nameOf(item).toLowerCase();
  for (const field of fields)
    take(
      field,
      left.find((item) => nameOf(item) === field),
    );
  for (const field of fields.filter((f) => !chosen.has(f))) {
    const alike = left.filter((item) => lower(item) === field.toLowerCase());
    if (alike.length === 1) take(field, alike[0]);
  }
  return fields.map((field) => (chosen.has(field) ? chosen.get(field)! : left.shift()!));
}

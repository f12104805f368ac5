/** Checks what was read from a file against a schema. Tables by users' names are checked key by key, whatever the names are. */
import * as v from 'valibot';

export const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const positive = v.pipe(whole, v.minValue(1));

/** An object with any keys, `constructor` and `__proto__` among them (valibot's own `record` passes over those). */
export function byName<T>(item: v.GenericSchema<unknown, T>) {
  return v.pipe(
    v.custom<Record<string, T>>(
      (x) => typeof x === 'object' && x !== null && !Array.isArray(x),
      'it is not an object',
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const [name, value] of Object.entries(dataset.value)) {
        const wrong = mismatch(item, value);
        if (wrong !== null) addIssue({ message: `${name.slice(0, 60)}: ${wrong}` });
      }
    }),
  );
}

/** The first thing in which a value differs from a schema, with the way to it; null where nothing does. */
export function mismatch(schema: v.GenericSchema, value: unknown): string | null {
  const { success, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return null;
  const [issue] = issues;
  const { type, message, received, expected } = issue;
  const path = v.getDotPath(issue);
  const at = path === null ? '' : `${path}: `;
  // Of a table of names: says it already.
  if (type === 'raw_check' || type === 'custom') return `${at}${message}`;
  if (received === 'undefined') return path === null ? 'it is missing' : `${path} is missing`;
  return `${path ?? 'it'} is ${clipped(received)}, not ${clipped(expected ?? phrases[type] ?? 'what it should be')}`;
}

const phrases: Readonly<Record<string, string>> = { safe_integer: 'a whole number' };

const clipped = (text: string) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

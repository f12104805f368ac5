/** What is said of a value that is not what it should be. */
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { byName, mismatch, positive, whole } from '../../runtimes/core/validate.ts';

const schema = v.object({
  n: whole,
  list: v.array(positive),
  names: byName(byName(whole)),
  kind: v.picklist(['a', 'b']),
});
const good = { n: 1, list: [1], names: { constructor: { ['__proto__']: 1, x: 2 } }, kind: 'a' };

test.each<[unknown, string | null]>([
  [good, null],
  [null, 'it is null, not Object'],
  [{ ...good, n: undefined }, 'n is missing'],
  [{ ...good, n: 0.5 }, 'n is 0.5, not a whole number'],
  [{ ...good, n: -1 }, 'n is -1, not >=0'],
  [{ ...good, list: [1, 'x'] }, 'list.1 is "x", not number'],
  [{ ...good, kind: 'x'.repeat(200) }, `kind is "${'x'.repeat(78)}…, not ("a" | "b")`],
  [{ ...good, names: [] }, 'names: it is not an object'],
  [{ ...good, names: { constructor: { x: 'no' } } }, 'names: constructor: x: it is "no", not number'],
  [{ ...good, names: JSON.parse('{"__proto__": 5}') }, 'names: __proto__: it is not an object'],
])('%j', (value, words) => {
  expect(mismatch(schema, value)).toBe(words);
});

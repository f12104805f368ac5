/** Lists in messages: as long as a reader would read, however many things there are. */

/** Longer lists are cut, and say how many more there are. */
const most = 12;

/** Names in code quotes. */
export function quoted(names: readonly string[], between = ', '): string {
  return listed(
    names.map((name) => `\`${name}\``),
    between,
  );
}

/** `a, b, c`, or `a, b, … and 30 more`. */
export function listed(items: readonly string[], between = ', '): string {
  if (items.length <= most) return items.join(between);
  return `${items.slice(0, most).join(between)} … and ${items.length - most} more`;
}

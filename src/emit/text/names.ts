/** Names for emitted variables: the source's own, kept apart where two would be the same. */

const WORDS = new Set(
  (
    'abstract arguments async await boolean break case catch class const continue debugger default delete do else ' +
    'enum eval export extends false finally for function get if implements import in instanceof interface let new ' +
    'null of package private protected public return set static super switch this throw true try typeof undefined ' +
    'var void while with yield NaN Infinity Math Number Object Array Promise Symbol globalThis'
  ).split(' '),
);

/** What every emitted module or function uses itself. */
const OWN = ['tf', 'nn', 'main', 'model', 'run', 'w', 'frozen', 'averaged', 'live', 'states'];

export class Names {
  readonly #module: Names | null;
  readonly #taken = new Set(OWN);
  readonly #counts = new Map<string, number>();
  readonly #constants = new Set<string>();
  /** Of all the functions of this module. */
  readonly #variables = new Set<string>();

  /** Names of a module, or of the variables of one function in it. */
  constructor(module: Names | null = null) {
    this.#module = module;
  }

  /** `D/conv_1` becomes `D_conv_1`, then `D_conv_1$2`: a `$` cannot stand in a source name, so nothing else is meant. */
  fresh(wanted: string): string {
    const outer = this.#module;
    const name = this.#free(wanted, outer ? outer.#constants : undefined);
    if (outer) outer.#variables.add(name);
    return name;
  }

  /** Of a constant of the module, which no variable of a function may hide. */
  constant(wanted: string): string {
    const name = this.#free(wanted, this.#variables);
    this.#constants.add(name);
    return name;
  }

  #free(wanted: string, besides?: ReadonlySet<string>): string {
    const base = identifier(wanted);
    let count = this.#counts.get(base) ?? 0;
    let name: string;
    do {
      count++;
      name = count === 1 ? base : `${base}$${count}`;
    } while (this.#taken.has(name) || besides?.has(name));
    this.#counts.set(base, count);
    this.#taken.add(name);
    return name;
  }
}

export function identifier(text: string): string {
  const name = text.replace(/[^\p{ID_Continue}$]+/gu, '_').replace(/^_+(?=\p{ID_Start})|_+$/gu, '');
  const safe = /^[\p{ID_Start}_]/u.test(name) ? name : `_${name}`;
  return WORDS.has(safe) ? `${safe}_` : safe;
}

/** What every object of JavaScript inherits is no word of the language: wherever a name is looked up, it is not found. */
import { describe, expect, test } from 'vitest';
import { analyse, stageText } from '../../src/compile.ts';

const INHERITED = ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

interface Parts {
  type?: string;
  from?: string;
  dist?: string;
  declaration?: string;
  layer?: string;
  value?: string;
  phase?: string;
  move?: string;
}

const program = (p: Parts): string => `data x ~ ${p.type ?? '[2]'} from "${p.from ?? 'ring'}"
noise z ~ ${p.dist ?? 'normal[2]'}
${p.declaration ?? ''}
net D(x: [2]) -> [1] = x |> ${p.layer ?? 'dense(1)'}
let v = ${p.value ?? 'D(x)'}
loss l = expect(square(v))
output out = z
train (batch = 4, steps = 2${p.phase ?? ''}) {
  sample x, z
  ${p.move ?? 'update D to minimize l with sgd(0.1)'}
}
`;

/** Places where a name is looked up. */
const places: Readonly<Record<string, (name: string) => Parts>> = {
  'an optimiser': (n) => ({ move: `update D to minimize l with ${n}(0.1)` }),
  'a named optimiser': (n) => ({ move: `update D to minimize l with ${n}` }),
  'its argument': (n) => ({ move: `update D to minimize l with adam(0.1, ${n} = 1)` }),
  'a net that moves': (n) => ({ move: `update ${n} to minimize l with sgd(0.1)` }),
  'an objective': (n) => ({ move: `update D to minimize ${n} with sgd(0.1)` }),
  'a sample': (n) => ({ move: `sample ${n}` }),
  'a net that is averaged': (n) => ({ move: `average ${n} decay 0.9` }),
  'a net that is clipped': (n) => ({ move: `clip ${n} to [0, 1]` }),
  'a state that is set': (n) => ({ move: `set ${n} to 1` }),
  'a net that is saved': (n) => ({ move: `save ${n}` }),
  'a net that is restored': (n) => ({ move: `restore ${n}` }),
  'an argument of a phase': (n) => ({ phase: `, ${n} = 3` }),
  'a meaning': (n) => ({ type: `${n}[2]` }),
  'a type': (n) => ({ type: n }),
  'a distribution': (n) => ({ dist: `${n}[2]` }),
  'an argument of a distribution': (n) => ({ dist: `normal(${n} = 1)[2]` }),
  'a slot': (n) => ({ declaration: `init ${n} ~ normal(0, 1)` }),
  'an initialiser': (n) => ({ declaration: `init kernel ~ ${n}(0, 1)` }),
  'a used file': (n) => ({ declaration: `use "${n}"` }),
  'a function of constants': (n) => ({ declaration: `param p = ${n}(2)` }),
  'a declaration': (n) => ({ declaration: `${n} q = 3` }),
  'a stage': (n) => ({ layer: n }),
  'a layer': (n) => ({ layer: `${n}(1)` }),
  'an argument of a layer': (n) => ({ layer: `dense(1, ${n} = 1)` }),
  "a layer's initialiser": (n) => ({ layer: `dense(1, init = ${n}(1))` }),
  "a layer's norm": (n) => ({ layer: `dense(1, norm = "${n}")` }),
  'a padding': (n) => ({
    layer: `reshape(2, 1) |> conv(1, kernel = 1, padding = "${n}") |> flatten |> dense(1)`,
  }),
  'a method': (n) => ({ layer: `reshape(2, 1, 1) |> upsample(2, method = "${n}") |> flatten |> dense(1)` }),
  'a result': (n) => ({ value: `D(x).${n}` }),
  'a copy of a net': (n) => ({ value: `D.${n}(x)` }),
  'a value': (n) => ({ value: n }),
  'a call': (n) => ({ value: `${n}(x)` }),
  'an argument of an operation': (n) => ({ value: `sum(D(x), ${n} = 1)` }),
  'an argument of a net': (n) => ({ value: `D(${n} = x)` }),
  'a draw': (n) => ({ value: `D(x) + draw ${n}[1]` }),
};

const analysed = (parts: Parts, set = {}) =>
  analyse({ source: { path: 'model.gan', text: program(parts) }, load: () => undefined, set });

describe.each(INHERITED)('%s', (name) => {
  test.each(Object.entries(places))('as %s', (_, parts) => {
    const { diagnostics } = analysed(parts(name));
    expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
    expect(JSON.stringify(diagnostics)).not.toMatch(/native code|\[object|undefined/);
  });

  test('as a parameter of --set', () => {
    expect(analysed({}, { [name]: '3' }).diagnostics.map(({ code }) => code)).toContain('GAN0211');
  });

  test('as a source of data it is a path', () => {
    const analysis = analysed({ from: name });
    expect(analysis.diagnostics).toEqual([]);
    expect(stageText('js', analysis)).toContain(`from: '${name}'`);
  });
});

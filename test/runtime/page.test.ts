/** What the browser's page computes by itself: thinned curves, moments that are kept, ways through a latent space. */
import { describe, expect, test } from 'vitest';
import { between, principalDirections, rangeOf } from '../../runtimes/browser/page/latents/latent-paths.ts';
import { Moments } from '../../runtimes/browser/page/run/moments.ts';
import { logCsv, smoothed, ThinLog } from '../../runtimes/browser/page/run/thinning.ts';
import { kindOf, listed, milliseconds, value } from '../../runtimes/browser/page/ui/words.ts';
import { duration } from '../../runtimes/core/duration.ts';

const entry = (step: number, values: Record<string, number>) => ({
  step,
  phase: 'train',
  phaseStep: step,
  epoch: 0,
  ms: 1,
  values,
});

describe('the log as curves', () => {
  test('a short log is drawn as it is', () => {
    const log = new ThinLog();
    log.add([entry(1, { a: 3 }), entry(2, { a: 5, b: 1 })]);
    expect(log.curves(['a', 'b'])).toEqual({ steps: [1, 2], values: { a: [3, 5], b: [null, 1] } });
  });

  test('a long one keeps its mean and its last step in a bounded number of points', () => {
    const log = new ThinLog(100);
    const values = Array.from({ length: 1024 }, (_, i) => Math.sin(i) + i / 100);
    values.forEach((a, i) => {
      log.add([entry(i + 1, { a })]);
    });
    const { steps, values: curves } = log.curves(['a']);
    expect(steps.length).toBeGreaterThan(50);
    expect(steps.length).toBeLessThanOrEqual(101);
    expect(steps.at(-1)).toBe(1024);
    // 1024 entries fill buckets of 16 exactly, so the mean of the means is the mean.
    const mean = (list: (number | null)[]) => list.reduce<number>((s, v) => s + v!, 0) / list.length;
    expect(mean(curves.a!)).toBeCloseTo(mean(values), 10);
    expect(log.entries).toHaveLength(1024);
  });

  test('what is no number leaves a gap and spoils no mean', () => {
    const log = new ThinLog();
    log.add([entry(1, { a: Number.NaN }), entry(2, { a: 2 })]);
    expect(log.curves(['a']).values.a).toEqual([null, 2]);
  });

  test('a run that went back writes its steps again', () => {
    const log = new ThinLog();
    log.add([entry(1, { a: 1 }), entry(2, { a: 2 }), entry(3, { a: 3 })]);
    log.rewind(1);
    log.add([entry(2, { a: 20 })]);
    expect(log.curves(['a'])).toEqual({ steps: [1, 2], values: { a: [1, 20] } });
  });

  test('a smooth curve is the mean about each point', () => {
    // 100 points: two to each side.
    const values = Array.from({ length: 100 }, (_, i) => (i % 7) * 0.5);
    const smooth = smoothed(values);
    for (const i of [0, 1, 50, 98, 99]) {
      const near = values.slice(Math.max(0, i - 2), i + 3);
      expect(smooth[i]).toBeCloseTo(near.reduce((a, b) => a + b) / near.length, 12);
    }
    expect(smoothed([])).toEqual([]);
  });

  test('as a file: a column for each name', () => {
    expect(logCsv([entry(1, { a: 0.5 }), entry(2, { b: -1e-9 })])).toBe(
      'step,phase,phaseStep,epoch,ms,a,b\n1,train,1,0,1,0.5,\n2,train,2,0,1,,-1e-9\n',
    );
  });
});

describe('moments', () => {
  test('the first, the newest and evenly spread ones between', () => {
    const moments = new Moments<number>(10);
    for (let step = 0; step <= 1000; step += 5) moments.add(step, step);
    const steps = moments.all.map((m) => m.step);
    expect(steps.length).toBeLessThanOrEqual(11);
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBe(1000);
    const gaps = steps.slice(1, -1).map((s, i) => s - steps[i]!);
    expect(new Set(gaps).size).toBe(1);
  });

  test('a step that is drawn again replaces what was drawn of it', () => {
    const moments = new Moments<string>(10);
    moments.add(1, 'old');
    moments.add(1, 'new');
    expect(moments.all).toEqual([{ step: 1, shown: 'new' }]);
  });

  test('going back drops what came after', () => {
    const moments = new Moments<number>(10);
    for (const step of [0, 10, 20, 30]) moments.add(step, step);
    moments.rewind(15);
    expect(moments.all.map((m) => m.step)).toEqual([0, 10]);
  });
});

describe('ways through a latent space', () => {
  const normal = { kind: 'normal', mean: 0, std: 1 } as const;

  test('normal noise keeps its length on the way', () => {
    const a = Float32Array.of(3, 0, 0, 0);
    const b = Float32Array.of(0, 0, 3, 0);
    expect([...between(a, b, 0, normal)]).toEqual([3, 0, 0, 0]);
    expect(Math.hypot(...between(a, b, 0.3, normal))).toBeCloseTo(3, 6);
    const half = between(a, b, 0.5, normal);
    expect(half[0]).toBeCloseTo(3 / Math.SQRT2, 6);
    expect(half[2]).toBeCloseTo(3 / Math.SQRT2, 6);
    expect([...between(a, b, 1, normal)].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 0, 3, 0]);
  });

  test('the same latent twice stays where it is', () => {
    const a = Float32Array.of(1, -2);
    expect([...between(a, a, 0.4, normal)].map((v) => Number(v.toFixed(6)))).toEqual([1, -2]);
  });

  test('other noise is walked straight', () => {
    const way = between(Float32Array.of(0, 1), Float32Array.of(1, 1), 0.25, {
      kind: 'uniform',
      low: 0,
      high: 1,
    });
    expect([...way]).toEqual([0.25, 1]);
  });

  test('sliders end where the noise does', () => {
    expect(rangeOf({ kind: 'uniform', low: -2, high: 4 })).toMatchObject({ low: -2, high: 4 });
    expect(rangeOf({ kind: 'normal', mean: 1, std: 2 })).toMatchObject({ low: -5, high: 7 });
  });

  test('principal directions of a linear map are its right singular vectors, the largest first', () => {
    // A = U diag(5, 2, 1) Vᵀ with V a rotation by 30° and U by 50° in their first two coordinates.
    const rotation = (degrees: number) => {
      const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      return [
        [c, -s, 0],
        [s, c, 0],
        [0, 0, 1],
      ];
    };
    const [u, v] = [rotation(50), rotation(30)];
    const sigma = [5, 2, 1];
    // Latents ±eᵢ: white exactly, so the fit is exact.
    const latents: number[] = [];
    const outputs: number[] = [];
    for (const sign of [1, -1]) {
      for (let i = 0; i < 3; i++) {
        latents.push(...[0, 1, 2].map((j) => (j === i ? sign : 0)));
        // A eᵢ = Σₖ uₖ σₖ v[i][k].
        for (let row = 0; row < 3; row++) {
          let sum = 0;
          for (let k = 0; k < 3; k++) sum += u[row]![k]! * sigma[k]! * v[i]![k]!;
          outputs.push(sign * sum + 7);
        }
      }
    }
    const found = principalDirections(Float32Array.from(latents), Float32Array.from(outputs), 6, 5);
    expect(found).toHaveLength(3);
    found.forEach(({ along, share }, k) => {
      expect(share).toBeCloseTo(sigma[k]! ** 2 / 30, 4);
      const cosine = along.reduce((sum, x, i) => sum + x * v[i]![k]!, 0);
      expect(Math.abs(cosine)).toBeCloseTo(1, 4);
    });
  });

  test('an output that does not change has none', () => {
    expect(principalDirections(Float32Array.of(1, 0, 0, 1), Float32Array.of(2, 2), 2, 5)).toEqual([]);
  });
});

describe('words', () => {
  test('numbers', () => {
    expect([value(0), value(1.23456), value(-12345.6), value(2e-5), value(Number.NaN)]).toEqual([
      '0.000',
      '1.235',
      '−12346',
      '2.00e−5',
      'NaN',
    ]);
    expect([milliseconds(0.5), milliseconds(12.34), milliseconds(250), milliseconds(1500)]).toEqual([
      '0.50 ms',
      '12.3 ms',
      '250 ms',
      '1.50 s',
    ]);
    expect([duration(900), duration(61_000), duration(3_700_000)]).toEqual(['1 s', '1 min 1 s', '1 h 1 min']);
  });

  test('types and lists', () => {
    expect(kindOf({ meaning: 'image', shape: [28, 32, 3] })).toBe('colour pictures of 32 × 28 pixels');
    expect(kindOf({ meaning: 'tensor', shape: [2] })).toBe('points in the plane');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  });
});

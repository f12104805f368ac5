/** Axes are centred on the points, wherever these lie. */
import { expect, test } from 'vitest';
import { squareAround } from '../../runtimes/core/run/square.ts';

const square = (...points: number[]) => squareAround(Float32Array.from(points));

test('around the middle of the points, with a quarter of their larger extent on each side', () => {
  expect(square(10, 100, 14, 102)).toEqual({ x: [9, 15], y: [98, 104] });
  expect(square(-1, -2, 1, 2)).toEqual({ x: [-3, 3], y: [-3, 3] });
});

test('points that are not finite are left out', () => {
  expect(square(10, 100, Number.NaN, 5, 14, 102, 3, Number.POSITIVE_INFINITY)).toEqual(
    square(10, 100, 14, 102),
  );
});

test('equal points, none at all, and points far out have a square too', () => {
  for (const { x, y } of [square(5, 5, 5, 5), square(), square(1e6, 0), square(Number.NaN, 1)]) {
    expect(x[1]).toBeGreaterThan(x[0]);
    expect(y[1] - y[0]).toBeCloseTo(x[1] - x[0]);
  }
  expect(square()).toEqual({ x: [-1.5, 1.5], y: [-1.5, 1.5] });
});

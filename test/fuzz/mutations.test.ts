/**
 * Programs with mistakes: no throw, every span inside its file, valid code, the same result twice.
 * `GANC_FUZZ_PROGRAMS=200000` makes the large campaign of it, `GANC_FUZZ_FIRST` begins it elsewhere; README.md has its numbers.
 */
import { expect, it } from 'vitest';
import { campaign, originals } from './campaign.ts';

const count = Number(process.env.GANC_FUZZ_PROGRAMS ?? 600);
const first = Number(process.env.GANC_FUZZ_FIRST ?? 1);

it(
  `${count} programs with mistakes`,
  () => {
    const { compiled, refused, codes, failures, slowest } = campaign(originals('.'), first, count);
    if (count > 1000) console.log(JSON.stringify({ compiled, refused, codes: codes.size, slowest }));
    expect(failures.map(({ seed, what }) => `seed ${seed}: ${what}`)).toEqual([]);
    expect(compiled).toBeGreaterThan(count / 50);
    expect(refused).toBeGreaterThan(count / 4);
    expect(codes.size).toBeGreaterThan(40);
  },
  Number.POSITIVE_INFINITY,
);

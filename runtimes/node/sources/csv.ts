/** Rows of a CSV file, streamed. */
import { parse } from 'csv-parse';
import type { RowOptions } from '../../core/sources/csv-text.ts';
import type { Bytes } from '../../core/sources/place.ts';

/** Bytes handed to the parser at a time. */
const PIECE = 1 << 20;

export async function* rowsOf(bytes: Bytes, options: RowOptions): AsyncGenerator<string[]> {
  const parser = parse(options);
  const feed = async () => {
    for (let at = 0; at < bytes.size; at += PIECE) {
      const piece = await bytes.read(at, Math.min(PIECE, bytes.size - at));
      if (!parser.write(Buffer.from(piece))) await new Promise((done) => parser.once('drain', done));
    }
    parser.end();
  };
  const feeding = feed();
  feeding.catch((error) => parser.destroy(error));
  try {
    yield* parser as AsyncIterable<string[]>;
    await feeding;
  } finally {
    parser.destroy();
  }
}

/**
 * A run in the browser's own storage (IndexedDB), so that it can go on after its tab was closed. The newest state takes
 * the place of the one before in a single transaction: where the storage is full, the older one stays.
 */
import { said, UserError } from '../../core/errors.ts';
import type { CompiledModel } from '../../core/run/model.ts';
import type { Kept } from '../protocol.ts';

/** What goes beside the bytes: what a page is told, and what the run is to be started with again. */
export interface KeptFacts {
  kept: Kept;
  /** Built-in sets by record. */
  data: Record<string, string>;
  steps: Record<string, number>;
  batch: Record<string, number>;
  /** Names and shapes of the weights: those of a model that was compiled anew may be others. */
  weights: string;
}

const DATABASE = 'ganc';

export class Keeper {
  private constructor(
    private readonly database: IDBDatabase | null,
    /** Why nothing can be kept. */
    readonly problem: string | null,
    private readonly key: string,
    private readonly weights: string,
  ) {}

  /** `url` is the emitted module's: each folder has a run of its own. Never throws: some windows have no storage. */
  static async open(model: CompiledModel, url: string): Promise<Keeper> {
    const key = `${url.replace(/[?#].*$/, '')} ${model.name}`;
    const weights = [...model.weights, ...model.stats].map((w) => `${w.name}[${w.shape}]`).join();
    try {
      const database = await openDatabase();
      database.onversionchange = () => database.close();
      return new Keeper(database, null, key, weights);
    } catch (error) {
      return new Keeper(null, said(error), key, weights);
    }
  }

  /** What is kept of this model; null also where its weights are others now. */
  async facts(): Promise<KeptFacts | null> {
    if (this.database === null) return null;
    try {
      const store = this.database.transaction('facts').objectStore('facts');
      const facts = (await finished(store.get(this.key))) as KeptFacts | undefined;
      return facts?.weights === this.weights ? facts : null;
    } catch {
      return null;
    }
  }

  async bytes(): Promise<ArrayBuffer> {
    const none = new UserError('no run is kept in this browser any more');
    if (this.database === null || (await this.facts()) === null) throw none;
    const store = this.database.transaction('bytes').objectStore('bytes');
    const bytes = (await finished(store.get(this.key))) as ArrayBuffer | undefined;
    if (bytes === undefined) throw none;
    return bytes;
  }

  async save(facts: Omit<KeptFacts, 'weights'>, bytes: ArrayBuffer): Promise<void> {
    const what = 'the run is not kept in this browser';
    if (this.database === null) throw new UserError(`${what}: ${this.problem}`, { hint: DOWNLOAD });
    try {
      const transaction = this.database.transaction(['facts', 'bytes'], 'readwrite', {
        durability: 'relaxed',
      });
      transaction.objectStore('bytes').put(bytes, this.key);
      transaction.objectStore('facts').put({ ...facts, weights: this.weights }, this.key);
      await committed(transaction);
    } catch (error) {
      const full = (error as DOMException | null)?.name === 'QuotaExceededError';
      const size = `${(bytes.byteLength / 2 ** 20).toFixed(1)} MiB`;
      const why = full ? `its storage has no room for ${size}` : said(error);
      throw new UserError(`${what}: ${why}`, { hint: DOWNLOAD, cause: error });
    }
  }

  async forget(): Promise<void> {
    if (this.database === null) return;
    const transaction = this.database.transaction(['facts', 'bytes'], 'readwrite');
    transaction.objectStore('bytes').delete(this.key);
    transaction.objectStore('facts').delete(this.key);
    await committed(transaction);
  }
}

const DOWNLOAD = 'download a checkpoint before you close the page; training goes on';

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    if (typeof indexedDB === 'undefined') throw new Error('this browser has no IndexedDB');
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('facts');
      opening.result.createObjectStore('bytes');
    };
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
    opening.onblocked = () => fail(new Error('its storage is held by another tab'));
  });
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((done, fail) => {
    transaction.oncomplete = () => done();
    transaction.onabort = () => fail(transaction.error ?? new Error('it was interrupted'));
  });
}

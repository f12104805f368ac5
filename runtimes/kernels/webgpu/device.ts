/** Asks for a GPU, says in words what it is, and remembers what goes wrong with it later. */

/** A device that computes, or why there is none. */
export type Opened =
  | { device: GPUDevice; info: GPUAdapterInfo; name: string; hardware: boolean }
  | { device: null; why: string /** There is one that is a program. */; software: boolean };

/** Programs that play a graphics card: right results, at a processor's speed at best. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** Limits of which tfjs and these kernels use all that the adapter has. */
const LIMITS = [
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/** `software`: take an adapter that is a program, too. */
export async function openDevice(gpu: GPU, software: boolean): Promise<Opened> {
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return none(`asking for a GPU failed: ${lineOf(error)}`);
  }
  if (adapter === null) return none('no graphics card answers');
  const { info } = adapter;
  const name = nameOf(info);
  const hardware = !isSoftware(info);
  if (!hardware && !software)
    return { ...none(`its only adapter is a software one, ${name}`), software: true };
  try {
    const requiredFeatures = (['timestamp-query'] as const).filter((f) => adapter.features.has(f));
    const requiredLimits = Object.fromEntries(LIMITS.map((l) => [l, adapter.limits[l]]));
    const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
    return { device, info, name, hardware };
  } catch (error) {
    return none(`${name} does not start: ${lineOf(error)}`);
  }
}

const none = (why: string): Opened & { device: null } => ({ device: null, why, software: false });

function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || SOFTWARE.test(`${info.architecture} ${info.device} ${info.description}`);
}

/** Browsers often tell no more than the maker and the family: `nvidia ada-lovelace`. */
function nameOf({ description, device, vendor, architecture }: GPUAdapterInfo): string {
  if (/swiftshader/i.test(`${architecture} ${description}`)) return 'SwiftShader';
  return description || device || [vendor, architecture].filter(Boolean).join(' ') || 'a GPU without a name';
}

/**
 * What went wrong on the device since it was opened. WebGPU tells nobody by itself: a program that fails leaves its
 * results as they were, and a lost device computes zeros.
 */
export class Watch {
  private trouble: { message: string; hint: string } | null = null;

  constructor(device: GPUDevice, name: string) {
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      const { error } = event;
      const memory = error instanceof GPUOutOfMemoryError;
      this.trouble ??= memory
        ? { message: `${name} has no memory left`, hint: 'a smaller --batch, or another --backend' }
        : { message: `${name} refused a computation: ${lineOf(error)}`, hint: 'another --backend runs it' };
    });
    void device.lost.then(({ message }) => {
      const why = message === '' ? '' : `: ${lineOf(message)}`;
      this.trouble = {
        message: `${name} was lost${why}`,
        hint: 'its driver may have started anew; go on with --from',
      };
    });
  }

  /** Throws what `make` makes of it, if something went wrong. */
  check(make: (message: string, hint: string) => Error): void {
    if (this.trouble !== null) throw make(this.trouble.message, this.trouble.hint);
  }
}

function lineOf(error: unknown): string {
  const text = error instanceof Error || error instanceof GPUError ? error.message : String(error);
  return text.split('\n')[0]!.trim();
}

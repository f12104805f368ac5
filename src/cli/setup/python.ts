/** Finds the TensorFlow of a Python environment without importing it: its version and the folder of its libraries. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.ts';

export interface TensorFlow {
  /** The Python's own version. */
  python: string;
  /** The package's name and version: `tensorflow-cpu 2.21.0`. */
  name: string;
  version: string;
  /** Of its libraries and headers. */
  folder: string;
}

/** What is missing, and what to do about it; `python`: its version, where that runs. */
export interface NoTensorFlow {
  what: 'python' | 'tensorflow';
  why: string;
  help: string;
  python?: string;
}

/** Importing TensorFlow takes seconds and fails where its own packages are missing, which are not needed. */
const program = `
import importlib.metadata as metadata, importlib.util as util, json, platform
names = ['tensorflow', 'tensorflow-cpu', 'tensorflow-gpu', 'tensorflow-macos', 'tensorflow-rocm',
         'intel-tensorflow', 'tensorflow-cpu-aws', 'tensorflow-intel', 'tf-nightly', 'tf-nightly-cpu']
found = None
spec = util.find_spec('tensorflow')
if spec is not None and spec.origin is not None:
    found = {'folder': list(spec.submodule_search_locations)[0], 'name': 'tensorflow', 'version': None}
    for name in names:
        try:
            found['version'] = metadata.version(name)
            found['name'] = name
            break
        except metadata.PackageNotFoundError:
            pass
print(json.dumps({'python': platform.python_version(), 'tensorflow': found}))
`;

/** As the linker wants them, by platform. */
export function libraries(platform: NodeJS.Platform): [tensorflow: string, framework: string] {
  return platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
}

/** `given` is a Python, or the folder of a virtual environment. */
export async function findTensorFlow(given: string): Promise<TensorFlow | NoTensorFlow> {
  const python = executable(given);
  const ran = await run(python, ['-c', program], { cwd: '/', patience: 60_000 });
  if (ran.problem === 'ENOENT' || ran.problem === 'EACCES') {
    return {
      what: 'python',
      why: `there is no Python at ${given}`,
      help: 'name one with --python: a program (python3), or the folder of a virtual environment',
    };
  }
  if (ran.problem === 'late') {
    return {
      what: 'python',
      why: `${given} gave no answer within a minute`,
      help: 'name another with --python',
    };
  }
  let said: { python: string; tensorflow: { folder: string; name: string; version: string | null } | null };
  try {
    said = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '');
  } catch {
    const last = ran.stderr.trim().split('\n').at(-1) ?? '';
    return {
      what: 'python',
      why: `${given} does not run as a Python 3.8 or newer${last === '' ? '' : `: ${last}`}`,
      help: 'name another with --python',
    };
  }
  const pip = `${python} -m pip install`;
  const { tensorflow } = said;
  if (tensorflow === null) {
    return {
      what: 'tensorflow',
      why: `the Python at ${given} (${said.python}) has no TensorFlow`,
      help: `${pip} tensorflow-cpu, or with CUDA: ${pip} 'tensorflow[and-cuda]'`,
      python: said.python,
    };
  }
  const { folder, name } = tensorflow;
  const wanted = [
    ...libraries(process.platform),
    path.join('include', 'tensorflow', 'c', 'eager', 'c_api.h'),
  ];
  const missing = wanted.filter((file) => !existsSync(path.join(folder, file)));
  if (missing.length > 0) {
    return {
      what: 'tensorflow',
      why: `${name} ${tensorflow.version ?? ''} in ${folder} has no ${missing.join(' and no ')}`,
      help: `a newer one has: ${pip} --upgrade ${name}`,
      python: said.python,
    };
  }
  return { python: said.python, name, version: tensorflow.version ?? 'of an unknown version', folder };
}

function executable(given: string): string {
  const isFolder = statSync(given, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder) return path.resolve(given, 'bin', 'python');
  // A bare name is looked for on the PATH; anything else is a file, seen from here.
  return given.includes(path.sep) ? path.resolve(given) : given;
}

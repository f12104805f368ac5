/** What is worked out once for a Model, and serves every evaluation of its expressions. */
import { Meetings } from '../model/meetings.ts';
import type { Model, Net, NetBody, NetCall } from '../model/model.ts';
import { CallPaths } from './call-paths.ts';

const known = new WeakMap<Model, Tables>();

interface Tables {
  readonly nets: ReadonlyMap<string, Net>;
  readonly meetings: Meetings;
  readonly paths: CallPaths;
}

export function tablesOf(model: Model): Tables {
  const tables = known.get(model) ?? makeTables(model);
  known.set(model, tables);
  return tables;
}

function makeTables(model: Model): Tables {
  const nets = new Map(model.nets.map((net) => [net.name, net]));
  const body = (call: NetCall): NetBody => bodyOf(nets, call);
  return { nets, meetings: new Meetings(body), paths: new CallPaths(body) };
}

export function bodyOf(nets: ReadonlyMap<string, Net>, call: NetCall): NetBody {
  const body = nets.get(call.net)?.bodies.get(call.body);
  if (!body) throw new Error(`internal: ${call.net} has no body ${call.body}`);
  return body;
}

// Saves a state as text and binary blocks and reads it back, as a file would: what comes back shares nothing with the original.

import { type StateTree, Tensor, tensor } from "topograd";

type Tagged =
  | null
  | boolean
  | string
  | { number: string }
  | { block: number; kind: string; shape?: readonly number[] }
  | { list: Tagged[] }
  | { record: [string, Tagged][] };

const KINDS = {
  ...{ Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array },
};

function encode(value: unknown, path: string, blocks: Uint8Array[]): Tagged {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  // NaN, Infinity and -0 are no JSON.
  if (typeof value === "number") return { number: Object.is(value, -0) ? "-0" : String(value) };
  if (value instanceof Tensor) {
    const values = value.dtype === "int32" ? value.toInt32Array() : value.toFloat32Array();
    return { ...(encode(values, path, blocks) as { block: number; kind: string }), shape: value.shape };
  }
  if (ArrayBuffer.isView(value) && value.constructor.name in KINDS) {
    blocks.push(new Uint8Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength)));
    return { block: blocks.length - 1, kind: value.constructor.name };
  }
  if (Array.isArray(value)) return { list: value.map((item, i) => encode(item, `${path}[${i}]`, blocks)) };
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return {
      record: Object.entries(value).map(([key, item]) => [key, encode(item, `${path}.${key}`, blocks)]),
    };
  }
  throw new TypeError(`${path} is no part of a state tree: ${String(value)}`);
}

function decode(value: Tagged, blocks: readonly Uint8Array[]): StateTree {
  if (value === null || typeof value !== "object") return value;
  if ("number" in value) return Number(value.number);
  if ("list" in value) return value.list.map((item) => decode(item, blocks));
  if ("record" in value) {
    return Object.fromEntries(value.record.map(([key, item]) => [key, decode(item, blocks)]));
  }
  const { buffer } = blocks[value.block].slice();
  const values = new KINDS[value.kind as keyof typeof KINDS](buffer);
  return value.shape === undefined ? values : tensor(values, { shape: value.shape });
}

/** The state as it comes back from a file. Throws a TypeError that names what no state may hold. */
export function roundTrip<State>(state: State): State {
  const blocks: Uint8Array[] = [];
  const text = JSON.stringify(encode(state, "state", blocks));
  return decode(JSON.parse(text), blocks) as State;
}

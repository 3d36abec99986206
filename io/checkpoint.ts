// Saved states as files. The layout: "topograd", the format's version (u32), the CRC-32 of all that follows (u32), the length of
// a JSON header (u32, then four bytes of zeros), the header, the arrays. All little-endian; header and arrays are padded to a
// multiple of 8. The header has the tree, where an array stands as its number, and what each array is.

import { checkString, describe, isCount } from "../core/check";
import { formatShape } from "../core/errors";
import { DataError, type StateTree, Tensor, tensor } from "../core/index";
import { sizeOf } from "../core/shape";
import type { StateArray } from "../core/stateful";
import { crc32 } from "./crc32";
import { readingFile, writeWhole } from "./files";
import { isWellFormed, type Json, parseStrictJson } from "./json";

const MAGIC = new TextEncoder().encode("topograd");
const VERSION = 1;
const CHECKED_FROM = 16;
const HEADER_FROM = 24;
/** Levels of a tree; a level is two of the header's JSON. */
const MAX_DEPTH = 60;

const KINDS = {
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
};
type Kind = keyof typeof KINDS;
const isKind = (name: unknown): name is Kind => typeof name === "string" && Object.hasOwn(KINDS, name);

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** A node as the header has it: numbers that JSON lacks, arrays and tensors are marked, and so are records. */
type Node =
  | null
  | boolean
  | string
  | number
  | Node[]
  | { number: string }
  | { array: number; shape?: readonly number[] }
  | { record: { [name: string]: Node } };

/** Walks a tree, and collects its arrays. */
function nodeOf(value: unknown, arrays: StateArray[], path: string, depth: number): Node {
  const refuse = (what: string): never => {
    throw new TypeError(`saveCheckpoint: ${path === "" ? "the state" : path} ${what}`);
  };
  if (depth > MAX_DEPTH) refuse(`lies more than ${MAX_DEPTH} levels deep, or in a circle`);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (typeof value === "string") return isWellFormed(value) ? value : refuse("has half a character");
  if (value instanceof Tensor) {
    arrays.push(value.dtype === "int32" ? value.toInt32Array() : value.toFloat32Array());
    return { array: arrays.length - 1, shape: value.shape };
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (isKind(kind)) {
    arrays.push(value as StateArray);
    return { array: arrays.length - 1 };
  }
  const inner = (item: unknown, name: string | number) =>
    nodeOf(item, arrays, path === "" ? String(name) : `${path}.${name}`, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (kind !== "Object") refuse(`is ${describe(value)}, which is no part of a state`);
  const entries = Object.entries(value as object);
  for (const [name] of entries) if (!isWellFormed(name)) refuse("has a name with half a character");
  return { record: Object.fromEntries(entries.map(([name, item]) => [name, inner(item, name)])) };
}

/** A state as the bytes of a file. Throws a TypeError that says where something is no part of a {@link StateTree}. */
export function encodeCheckpoint(state: StateTree): Uint8Array {
  const arrays: StateArray[] = [];
  const tree = nodeOf(state, arrays, "", 0);
  const described = arrays.map((array) => [Object.prototype.toString.call(array).slice(8, -1), array.length]);
  const header = new TextEncoder().encode(JSON.stringify({ tree, arrays: described }));
  const start = padded(HEADER_FROM + header.length);
  const size = arrays.reduce((sum, { byteLength }) => sum + padded(byteLength), start);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  out.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(CHECKED_FROM, header.length, true);
  out.set(header, HEADER_FROM);
  let at = start;
  for (const array of arrays) {
    out.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  view.setUint32(12, crc32(out.subarray(CHECKED_FROM)), true);
  return out;
}

function fail(what: string): never {
  throw new DataError(`checkpoint: ${what}`);
}

/** The arrays that the header describes, each with bytes of its own. */
function arraysIn(bytes: Uint8Array, described: Json | undefined, start: number): StateArray[] {
  if (!Array.isArray(described)) fail("the header lists no arrays");
  let at = start;
  const arrays = described.map((entry) => {
    const [kind, length] = Array.isArray(entry) ? entry : [];
    if (!isKind(kind) || !isCount(length)) fail("the header describes an array that there is not");
    const size = (length as number) * KINDS[kind].BYTES_PER_ELEMENT;
    if (at + padded(size) > bytes.length) fail("its arrays go on beyond its end");
    // A Buffer's slice() would be no copy.
    const own = new Uint8Array(bytes.subarray(at, at + size));
    at += padded(size);
    return new KINDS[kind](own.buffer, 0, length as number);
  });
  if (at !== bytes.length) fail(`there are ${bytes.length - at} bytes after its arrays`);
  return arrays;
}

/** The tree that a node of the header stands for. */
function treeOf(node: Json | undefined, arrays: readonly StateArray[]): StateTree {
  if (node === undefined) fail("the header has no tree");
  if (Array.isArray(node)) return node.map((item) => treeOf(item, arrays));
  if (!(node instanceof Map)) return node;
  const [number, array, shape, record] = ["number", "array", "shape", "record"].map((key) => node.get(key));
  if (record instanceof Map) {
    return Object.fromEntries([...record].map(([name, item]) => [name, treeOf(item, arrays)]));
  }
  if (typeof number === "string") return Number(number);
  const values = typeof array === "number" ? arrays[array] : undefined;
  if (values === undefined) fail("the header names an array that there is not");
  if (shape === undefined) return values;
  const fits = Array.isArray(shape) && shape.every(isCount) && sizeOf(shape as number[]) === values.length;
  if (!fits || !(values instanceof Float32Array || values instanceof Int32Array)) {
    fail(
      `a tensor of shape ${Array.isArray(shape) ? formatShape(shape as number[]) : "unknown"} has other values`,
    );
  }
  return tensor(values, { shape: shape as number[] });
}

/** Reads what encodeCheckpoint() wrote. Throws a DataError when a bit of it has changed, or when it is something else. */
export function decodeCheckpoint(bytes: Uint8Array): StateTree {
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw new TypeError(`decodeCheckpoint: expected the file as a Uint8Array, got ${describe(bytes)}`);
  }
  if (bytes.length < HEADER_FROM || !MAGIC.every((byte, i) => bytes[i] === byte))
    fail("this is no checkpoint");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION) fail(`its format is version ${version}; this topograd reads version ${VERSION}`);
  if (crc32(bytes.subarray(CHECKED_FROM)) !== view.getUint32(12, true)) {
    fail("it is damaged: the checksum does not fit");
  }
  const end = HEADER_FROM + view.getUint32(CHECKED_FROM, true);
  if (padded(end) > bytes.length) fail("its header goes on beyond its end");
  let header: Json;
  try {
    header = parseStrictJson(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(HEADER_FROM, end)),
    );
  } catch (error) {
    fail(`its header is damaged: ${(error as Error).message}`);
  }
  if (!(header instanceof Map)) fail("its header is no object");
  return treeOf(header.get("tree"), arraysIn(bytes, header.get("arrays"), padded(end)));
}

/**
 * Saves a state, such as a trainer's or an optimizer's, exactly: every bit comes back. The file is written beside its place and
 * moved there, so that a kill or a full disk leaves the old one. Throws a DataError that names the file where it cannot be written.
 */
export function saveCheckpoint(path: string, state: StateTree): void {
  checkString("saveCheckpoint", "the path", path);
  writeWhole(path, encodeCheckpoint(state));
}

/**
 * The state in a file of saveCheckpoint(), for loadStateDict() of what gave it. Safe to open from strangers: it is data, and
 * nothing is allocated that the file does not hold. Throws a DataError that names the file when it is damaged or none.
 */
export function loadCheckpoint(path: string): StateTree {
  checkString("loadCheckpoint", "the path", path);
  return readingFile(path, (size, read) => decodeCheckpoint(new Uint8Array(read(0, size))));
}

// The safetensors format (github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON header,
// the data. Files may come from anywhere, so reading checks everything that the format's own implementation checks.

import { formatBytes } from "../core/errors";
import { DataError, type Tensor, tensor } from "../core/index";
import { sizeOf } from "../core/shape";
import { parseUniqueJson } from "./json";

const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";
const DTYPES = { float32: "F32", int32: "I32" } as const;

/** Tensors by name, with the file's free text by name. */
export interface SafetensorsFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/**
 * Writes tensors in the order of their names, so that the same tensors always give the same bytes.
 * @param metadata free text by name.
 */
export function saveSafetensors(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  let offset = 0;
  const entries = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of entries) {
    if (name === METADATA)
      throw new RangeError(`saveSafetensors: "${METADATA}" cannot be the name of a tensor`);
    const end = offset + value.size * 4;
    header[name] = { dtype: DTYPES[value.dtype], shape: [...value.shape], data_offsets: [offset, end] };
    offset = end;
  }
  const text = JSON.stringify(header);
  // The data begin at a multiple of 8, as the format recommends; spaces fill the header up.
  const json = new TextEncoder().encode(text);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + offset);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, value] of entries) {
    const flat = value.dtype === "int32" ? value.toInt32Array() : value.toFloat32Array();
    for (const element of flat) {
      if (value.dtype === "int32") view.setInt32(at, element, true);
      else view.setFloat32(at, element, true);
      at += 4;
    }
  }
  return out;
}

interface Entry {
  name: string;
  dtype: "float32" | "int32";
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file of F32 and I32 tensors. Throws a DataError when anything is not as the format says: header
 * over 100 MB, not a JSON object in UTF-8, a name twice, offsets that overlap or leave holes, sizes that disagree with
 * shape and dtype, bytes missing or left over.
 */
export function loadSafetensors(bytes: Uint8Array): SafetensorsFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few for a header`);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER)
    fail(`the header claims ${headerBytes} bytes, more than ${formatBytes(MAX_HEADER)}`);
  if (8 + headerBytes > bytes.length)
    fail(`the header claims ${headerBytes} bytes, the file has ${bytes.length}`);
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes));
  const start = 8 + headerBytes;
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => parseEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected)
      fail(
        `tensor "${name}" begins at byte ${begin}, expected ${expected}: holes and overlaps are not allowed`,
      );
    expected = end;
  }
  if (start + expected !== bytes.length) {
    fail(`the tensors take ${expected} bytes, the file has ${bytes.length - start} after its header`);
  }
  const tensors: Record<string, Tensor> = Object.create(null);
  for (const { name, dtype, shape, begin } of entries) {
    const n = sizeOf(shape);
    const values = dtype === "int32" ? new Int32Array(n) : new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const at = start + begin + 4 * i;
      values[i] = dtype === "int32" ? view.getInt32(at, true) : view.getFloat32(at, true);
    }
    tensors[name] = tensor(values, { shape });
  }
  return { tensors: { ...tensors }, metadata: parseMetadata(header[METADATA]) };
}

function fail(what: string): never {
  throw new DataError(`safetensors: ${what}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = parseUniqueJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    fail(`the header is damaged: ${(error as Error).message}`);
  }
  if (!isObject(header)) fail("the header is no JSON object");
  return header;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) fail(`${METADATA} is no object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") fail(`${METADATA}: "${key}" is no text`);
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) fail(`tensor "${name}" is described by ${JSON.stringify(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") fail(`tensor "${name}" has no dtype`);
  if (dtype !== "F32" && dtype !== "I32") fail(`tensor "${name}" is ${dtype}; only F32 and I32 can be read`);
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount))
    fail(`tensor "${name}" has shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail(`tensor "${name}" has data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * 4;
  if (!Number.isSafeInteger(size)) fail(`tensor "${name}" is too large`);
  if (end - begin !== size) {
    fail(
      `tensor "${name}" of shape [${shape.join(",")}] needs ${size} bytes, its data_offsets span ${end - begin}`,
    );
  }
  return { name, dtype: dtype === "F32" ? "float32" : "int32", shape, begin, end };
}

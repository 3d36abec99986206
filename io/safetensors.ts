// The safetensors format (github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON header,
// the data. Files may come from anywhere, so reading checks everything that the format's own implementation checks.

import { checkChoice, checkOptions, checkString, checkTensor, describe, MAX_INTEGER } from "../core/check";
import { formatBytes, OutOfMemoryError } from "../core/errors";
import { DataError, type Tensor, tensor } from "../core/index";
import { sizeOf } from "../core/shape";
import { readingFile } from "./files";
import { fromBF16, fromF16, toBF16, toF16 } from "./half";
import { isWellFormed, type Json, parseStrictJson } from "./json";

const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** Tensors by name, with the file's free text by name. */
export interface SafetensorsFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/** Options of {@link saveSafetensors}. */
export interface SafetensorsOptions {
  /** How float32 tensors are written: as they are, or rounded to 16 bits. Default "F32". */
  dtype?: "F32" | "F16" | "BF16";
}

/**
 * Writes tensors in the order of their names, so that the same tensors always give the same bytes.
 * @param metadata free text by name.
 */
export function saveSafetensors(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
  options: SafetensorsOptions = {},
): Uint8Array {
  checkOptions("saveSafetensors", options, ["dtype"]);
  const { dtype: float = "F32" } = options;
  checkChoice("saveSafetensors", "dtype", float, ["F32", "F16", "BF16"]);
  for (const given of [tensors, metadata]) {
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      throw new TypeError(`saveSafetensors: expected tensors and texts by name, got ${describe(given)}`);
    }
  }
  const texts = Object.entries(metadata);
  for (const [name, text] of texts) {
    if (typeof text !== "string") {
      throw new TypeError(`saveSafetensors: metadata are texts, got ${describe(text)} for "${name}"`);
    }
    checkText(name);
    checkText(text);
  }
  const entries = Object.entries(tensors).map(([name, value]) => {
    checkTensor("saveSafetensors", value, name);
    checkText(name);
    if (name === METADATA) {
      throw new RangeError(`saveSafetensors: "${METADATA}" cannot be the name of a tensor`);
    }
    const dtype: Written = value.dtype === "int32" ? "I32" : float;
    return { name, value, dtype, bytes: dtype === "I32" || dtype === "F32" ? 4 : 2 };
  });
  // Wider elements first, so that all are aligned.
  entries.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  let offset = 0;
  const described = entries.map(({ name, value, dtype, bytes }) => {
    const begin = offset;
    offset += value.size * bytes;
    const entry = { dtype, shape: [...value.shape], data_offsets: [begin, offset] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  if (texts.length > 0) {
    const pairs = texts.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
    described.unshift(`"${METADATA}":{${pairs.join(",")}}`);
  }
  // The data begin at a multiple of 8, as the format recommends; spaces fill the header up.
  const json = new TextEncoder().encode(`{${described.join(",")}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_HEADER) {
    throw new RangeError(
      `saveSafetensors: names and metadata take ${headerBytes} bytes; a file has room for ${formatBytes(MAX_HEADER)}`,
    );
  }
  const out = new Uint8Array(8 + headerBytes + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(json, 8);
  let at = 8 + headerBytes;
  for (const { value, dtype } of entries) {
    const elements = elementsOf(value, dtype);
    out.set(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength), at);
    at += elements.byteLength;
  }
  return out;
}

function checkText(text: string): void {
  if (!isWellFormed(text)) {
    throw new TypeError(
      `saveSafetensors: ${JSON.stringify(text)} has half a character, which UTF-8 cannot hold`,
    );
  }
}

type Written = "I32" | "F32" | "F16" | "BF16";

function elementsOf(value: Tensor, dtype: Written) {
  if (dtype === "I32") return value.toInt32Array();
  const floats = value.toFloat32Array();
  return dtype === "F32" ? floats : Uint16Array.from(floats, dtype === "F16" ? toF16 : toBF16);
}

/** How elements are read: bytes of one, and those of a tensor from bytes of its own. */
interface Format {
  bytes: number;
  read(bytes: ArrayBuffer, name: string): Float32Array | Int32Array;
}

const FORMATS = new Map<Json | undefined, Format>([
  ["F64", { bytes: 8, read: (bytes) => Float32Array.from(new Float64Array(bytes)) }],
  ["F32", { bytes: 4, read: (bytes) => new Float32Array(bytes) }],
  ["F16", { bytes: 2, read: (bytes) => Float32Array.from(new Uint16Array(bytes), fromF16) }],
  ["BF16", { bytes: 2, read: (bytes) => Float32Array.from(new Uint16Array(bytes), fromBF16) }],
  ["I64", { bytes: 8, read: readI64 }],
  ["I32", { bytes: 4, read: (bytes) => new Int32Array(bytes) }],
  ["I16", { bytes: 2, read: (bytes) => Int32Array.from(new Int16Array(bytes)) }],
  ["I8", { bytes: 1, read: (bytes) => Int32Array.from(new Int8Array(bytes)) }],
  ["U8", { bytes: 1, read: (bytes) => Int32Array.from(new Uint8Array(bytes)) }],
  [
    "BOOL",
    { bytes: 1, read: (bytes) => Int32Array.from(new Uint8Array(bytes), (byte) => Number(byte !== 0)) },
  ],
]);

function readI64(bytes: ArrayBuffer, name: string): Int32Array {
  // Low and high halves; the high one only repeats the sign of what fits.
  const halves = new Int32Array(bytes);
  const out = new Int32Array(halves.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = halves[2 * i];
    if (halves[2 * i + 1] !== out[i] >> 31) {
      const value = new BigInt64Array(bytes)[i];
      fail(`tensor "${name}": ${value} at element ${i} does not fit int32`);
    }
  }
  return out;
}

interface Entry {
  name: string;
  format: Format;
  shape: number[];
  begin: number;
  end: number;
}

/** Bytes that are read piece by piece. */
interface Source {
  size: number;
  /** A copy of the bytes from begin to end, in a buffer of its own. */
  read(begin: number, end: number): ArrayBuffer;
}

/**
 * Reads a safetensors file: F32, and F64, F16 and BF16 converted, as float32; I32, and I64, I16, I8, U8 and BOOL converted, as
 * int32. Throws a DataError when anything is not as the format says: header over 100 MB, not a JSON object in UTF-8, a name twice,
 * offsets that overlap or leave holes, sizes that disagree with shape and dtype, bytes missing or left over, an I64 beyond int32.
 */
export function loadSafetensors(bytes: Uint8Array): SafetensorsFile {
  // By its tag, for the Uint8Array of another realm is another class.
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw new TypeError(`loadSafetensors: expected the file as a Uint8Array, got ${describe(bytes)}`);
  }
  const read = (begin: number, end: number) => new Uint8Array(bytes.subarray(begin, end)).buffer;
  return loadFrom({ size: bytes.length, read });
}

/**
 * As loadSafetensors(), from a file: one tensor after the other, so that beside the tensors no more than the largest of them is in
 * memory. Throws a DataError that names the file.
 */
export function readSafetensors(path: string): SafetensorsFile {
  checkString("readSafetensors", "the path", path);
  return readingFile(path, (size, read) => loadFrom({ size, read }));
}

function loadFrom(source: Source): SafetensorsFile {
  if (source.size < 8) fail(`${source.size} bytes are too few for a header`);
  const headerBytes = Number(new DataView(source.read(0, 8)).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER)
    fail(`the header claims ${headerBytes} bytes, more than ${formatBytes(MAX_HEADER)}`);
  if (8 + headerBytes > source.size)
    fail(`the header claims ${headerBytes} bytes, the file has ${source.size}`);
  const header = parseHeader(new Uint8Array(source.read(8, 8 + headerBytes)));
  const metadata = parseMetadata(header.get(METADATA));
  header.delete(METADATA);
  const start = 8 + headerBytes;
  const entries = [...header].map(([name, value]) => parseEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected)
      fail(
        `tensor "${name}" begins at byte ${begin}, expected ${expected}: holes and overlaps are not allowed`,
      );
    expected = end;
  }
  if (start + expected !== source.size) {
    fail(`the tensors take ${expected} bytes, the file has ${source.size - start} after its header`);
  }
  const tensors: Record<string, Tensor> = {};
  for (const entry of entries)
    put(tensors, entry.name, makeTensor(entry, source.read(start + entry.begin, start + entry.end)));
  return { tensors, metadata };
}

function makeTensor({ name, format, shape }: Entry, bytes: ArrayBuffer): Tensor {
  const values = format.read(bytes, name);
  try {
    return tensor(values, { shape });
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw error;
    return fail(`tensor "${name}": ${(error as Error).message}`);
  }
}

function fail(what: string): never {
  throw new DataError(`safetensors: ${what}`);
}

/** How a message writes what was found where something else belongs. */
function written(value: Json | undefined): string {
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(written).join(",")}]`;
  return value === undefined ? "nothing" : String(JSON.stringify(value)).slice(0, 80);
}

/** Sizes and offsets are plain integers: 1.0, 1e3 and -0 are none. */
function integerOf(digits: string): number {
  return /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
}

function parseHeader(bytes: Uint8Array): Map<string, Json> {
  let header: Json;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = parseStrictJson(text, integerOf);
  } catch (error) {
    fail(`the header is damaged: ${(error as Error).message}`);
  }
  if (!(header instanceof Map)) fail("the header is no JSON object");
  return header;
}

/** record[name] = value, whatever the name; many times as fast as Object.fromEntries() for many names. */
function put<T>(record: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") record[name] = value;
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

function parseMetadata(value: Json | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!(value instanceof Map)) fail(`${METADATA} is no object`);
  for (const [key, text] of value) {
    if (typeof text !== "string") fail(`${METADATA}: "${key}" is no text`);
  }
  const texts: Record<string, string> = {};
  for (const [key, text] of value as Map<string, string>) put(texts, key, text);
  return texts;
}

function parseEntry(name: string, value: Json): Entry {
  if (!(value instanceof Map)) fail(`tensor "${name}" is described by ${written(value)}`);
  const [dtype, shape, offsets] = [value.get("dtype"), value.get("shape"), value.get("data_offsets")];
  if (typeof dtype !== "string") fail(`tensor "${name}" has no dtype`);
  const format = FORMATS.get(dtype);
  if (format === undefined) {
    fail(`tensor "${name}" is ${dtype}; what can be read is ${[...FORMATS.keys()].join(", ")}`);
  }
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n);
  const isExtent = (n: unknown): n is number => isCount(n) && n <= MAX_INTEGER;
  if (!Array.isArray(shape) || !shape.every(isExtent)) fail(`tensor "${name}" has shape ${written(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail(`tensor "${name}" has data_offsets ${written(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * format.bytes;
  if (!Number.isSafeInteger(size)) fail(`tensor "${name}" is too large`);
  if (end - begin !== size) {
    fail(
      `tensor "${name}" of shape [${shape.join(",")}] needs ${size} bytes, its data_offsets span ${end - begin}`,
    );
  }
  return { name, format, shape, begin, end };
}

/** A float32 tensor as a safetensors file holds it. */
export interface StoredTensor {
  shape: number[];
  data: Float32Array;
}

/**
 * Reads a safetensors file of float32 tensors: 8 bytes of header length (little-endian), a JSON header, the data.
 *
 * @throws TypeError where header, dtypes, shapes and offsets do not describe exactly these bytes.
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, StoredTensor>;
  metadata: Record<string, string>;
} {
  if (bytes.length < 8) throw new TypeError(`safetensors: ${bytes.length} bytes hold no header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || headerBytes > bytes.length - 8) {
    throw new TypeError(`safetensors: the header is longer than the file of ${bytes.length} bytes`);
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(text);
  const body = bytes.subarray(8 + headerBytes);
  const tensors: Record<string, StoredTensor> = {};
  let end = 0;
  const sorted = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(
    entries,
  ).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [name, { dtype, shape, data_offsets }] of sorted) {
    const length = shape.reduce((product, extent) => product * extent, 1);
    if (dtype !== "F32" || data_offsets[0] !== end || data_offsets[1] !== end + 4 * length) {
      throw new TypeError(
        `safetensors: tensor ${name} is no float32 tensor of shape [${shape}] at byte ${end}`,
      );
    }
    if (data_offsets[1] > body.length) throw new TypeError(`safetensors: tensor ${name} is cut off`);
    end = data_offsets[1];
    const start = body.byteOffset + data_offsets[0];
    tensors[name] = { shape, data: new Float32Array(body.buffer.slice(start, start + 4 * length)) };
  }
  if (end !== body.length) throw new TypeError(`safetensors: ${body.length - end} bytes belong to no tensor`);
  return { tensors, metadata };
}

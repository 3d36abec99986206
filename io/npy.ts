// NumPy's files (numpy.org/doc/stable/reference/generated/numpy.lib.format.html): an array, and several in a zip archive.

import { zipSync } from "fflate";
import { checkTensor, describe } from "../core/check";
import type { Tensor } from "../core/index";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const ALIGNMENT = 64;

/** A tensor as an .npy file: float32 or int32, for numpy.load(). */
export function saveNpy(tensor: Tensor): Uint8Array {
  checkTensor("saveNpy", tensor);
  const isInteger = tensor.dtype === "int32";
  const values = isInteger ? tensor.toInt32Array() : tensor.toFloat32Array();
  const shape = tensor.shape.map((extent) => `${extent},`).join(" ");
  const header = `{'descr': '${isInteger ? "<i4" : "<f4"}', 'fortran_order': False, 'shape': (${shape}), }`;
  const start = MAGIC.length + 2;
  const length = Math.ceil((start + header.length + 1) / ALIGNMENT) * ALIGNMENT - start;
  const out = new Uint8Array(start + length + values.byteLength);
  out.set(MAGIC);
  new DataView(out.buffer).setUint16(MAGIC.length, length, true);
  out.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), start);
  out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start + length);
  return out;
}

/** Zip archives begin in 1980; a fixed date gives the same bytes each time. */
const DATE = new Date(1980, 0, 1);

/** Tensors by name as an .npz file, for numpy.load(). The same tensors give the same bytes. */
export function saveNpz(tensors: Record<string, Tensor>): Uint8Array {
  if (typeof tensors !== "object" || tensors === null || Array.isArray(tensors)) {
    throw new TypeError(`saveNpz: expected tensors by name, got ${describe(tensors)}`);
  }
  const names = Object.keys(tensors).sort();
  return zipSync(
    Object.fromEntries(
      names.map((name) => {
        checkTensor("saveNpz", tensors[name], name);
        return [`${name}.npy`, saveNpy(tensors[name])];
      }),
    ),
    { level: 0, mtime: DATE },
  );
}

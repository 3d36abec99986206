// Floating point numbers of 16 bits: IEEE 754 binary16 (F16), and the upper half of a float32 (BF16).

const FLOAT = new Float32Array(1);
/** The least positive F16, 2^-24. */
const TINY = 1 / 0x1000000;
const BITS = new Uint32Array(FLOAT.buffer);

function floatOf(bits: number): number {
  BITS[0] = bits;
  return FLOAT[0];
}

function bitsOf(value: number): number {
  FLOAT[0] = value;
  return BITS[0];
}

/** The number that these 16 bits are. */
export function fromF16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * TINY;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return floatOf(((half & 0x8000) << 16) | ((exponent + 112) << 23) | (fraction << 13));
}

/** The bits of the nearest number of 16 bits, ties to even; from 65520 on that is Infinity. */
export function toF16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size < 0x38800000) {
    // Subnormal: multiples of 2^-24.
    const scaled = floatOf(size) / TINY;
    const below = Math.floor(scaled);
    const rest = scaled - below;
    return sign | (below + Number(rest > 0.5 || (rest === 0.5 && below % 2 === 1)));
  }
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** The number that these 16 bits are. */
export function fromBF16(half: number): number {
  return floatOf(half << 16);
}

/** The bits of the nearest number of 16 bits, ties to even. */
export function toBF16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7fc0;
  return sign | ((size + 0x7fff + ((size >>> 16) & 1)) >>> 16);
}

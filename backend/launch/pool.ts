// Pooling and upsampling over planes [h, w]: images times channels (kernels/image/pool.ts).

import { share } from "../share";
import { targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";
import { writeFields } from "./geometry";

/** How windows lie on a plane [height, width]. */
export interface WindowSizes {
  planes: number;
  height: number;
  width: number;
  kernelHeight: number;
  kernelWidth: number;
  strideHeight: number;
  strideWidth: number;
  paddingHeight: number;
  paddingWidth: number;
  dilationHeight: number;
  dilationWidth: number;
  outHeight: number;
  outWidth: number;
}

/** The fields of the struct in kernels/image/pool.ts, in its order. */
function fieldsOf(s: WindowSizes): number[] {
  return [
    ...[s.height, s.width, s.kernelHeight, s.kernelWidth, s.strideHeight, s.strideWidth],
    ...[s.paddingHeight, s.paddingWidth, s.dilationHeight, s.dilationWidth, s.outHeight, s.outWidth],
  ];
}

/** Runs a kernel over shares of the planes: offsets in bytes into the plane's side and the windows' side. */
function overPlanes(
  s: WindowSizes,
  run: (planeOffset: number, windowOffset: number, count: number) => void,
): void {
  const [plane, windows] = [s.height * s.width, s.outHeight * s.outWidth];
  share(s.planes, plane, (start, count) => run(start * plane * 4, start * windows * 4, count));
}

/** out = the largest element of each window; indices (int32) = its place in the plane. */
export function maxPool(out: View, indices: View, x: View, s: WindowSizes): void {
  launch((frame) => {
    const [to, places] = [targetOf(out, "float32"), targetOf(indices, "int32")];
    const [from, geometry] = [frame.dense(x), writeFields(frame, fieldsOf(s))];
    overPlanes(s, (plane, at, count) =>
      kernels().max_pool2d_forward_f32(to + at, places + at, from + plane, count, geometry),
    );
  });
}

/** out = g added up at the indices that maxPool() left. */
export function maxPoolGradient(out: View, g: View, indices: View): void {
  const [n, channels, height, width] = out.extents;
  const [outHeight, outWidth] = g.extents.slice(2);
  launch((frame) =>
    kernels().max_pool2d_backward_f32(
      targetOf(out, "float32"),
      frame.dense(g),
      frame.dense(indices, "int32"),
      n * channels,
      height * width,
      outHeight * outWidth,
    ),
  );
}

/** out = the mean of each window; the padding counts as zeros or not at all. */
export function averagePool(out: View, x: View, s: WindowSizes, countIncludePad: boolean): void {
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, geometry] = [frame.dense(x), writeFields(frame, fieldsOf(s))];
    overPlanes(s, (plane, at, count) =>
      kernels().avg_pool2d_forward_f32(to + at, from + plane, count, geometry, Number(countIncludePad)),
    );
  });
}

/** out = the gradient of averagePool(). */
export function averagePoolGradient(out: View, g: View, s: WindowSizes, countIncludePad: boolean): void {
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, geometry] = [frame.dense(g), writeFields(frame, fieldsOf(s))];
    overPlanes(s, (plane, at, count) =>
      kernels().avg_pool2d_backward_f32(to + plane, from + at, count, geometry, Number(countIncludePad)),
    );
  });
}

/** out [N,C,oh,ow] = means over bins of x [N,C,h,w]. */
export function adaptiveAveragePool(out: View, x: View): void {
  const [n, channels, height, width] = x.extents;
  const [outHeight, outWidth] = out.extents.slice(2);
  launch((frame) =>
    kernels().adaptive_avg_pool2d_forward_f32(
      targetOf(out, "float32"),
      frame.dense(x),
      n * channels,
      height,
      width,
      outHeight,
      outWidth,
    ),
  );
}

/** out [N,C,h,w] = the gradient of adaptiveAveragePool(). */
export function adaptiveAveragePoolGradient(out: View, g: View): void {
  const [n, channels, height, width] = out.extents;
  const [outHeight, outWidth] = g.extents.slice(2);
  launch((frame) =>
    kernels().adaptive_avg_pool2d_backward_f32(
      targetOf(out, "float32"),
      frame.dense(g),
      n * channels,
      height,
      width,
      outHeight,
      outWidth,
    ),
  );
}

/** Windows of [scaleHeight, scaleWidth] that tile the larger images, one for each pixel of the smaller. */
function tiles(large: View, small: View): WindowSizes {
  const [n, channels, height, width] = large.extents;
  const [outHeight, outWidth] = small.extents.slice(2);
  const kernelHeight = outHeight === 0 ? 1 : height / outHeight;
  const kernelWidth = outWidth === 0 ? 1 : width / outWidth;
  return {
    planes: n * channels,
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideHeight: kernelHeight,
    strideWidth: kernelWidth,
    paddingHeight: 0,
    paddingWidth: 0,
    dilationHeight: 1,
    dilationWidth: 1,
    outHeight,
    outWidth,
  };
}

/** out = each pixel of x repeated, so that its images are a whole number of times as large. */
export function upsampleNearest(out: View, x: View): void {
  const s = tiles(out, x);
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, geometry] = [frame.dense(x), writeFields(frame, fieldsOf(s))];
    overPlanes(s, (plane, at, count) =>
      kernels().upsample_nearest2d_forward_f32(to + plane, from + at, count, geometry),
    );
  });
}

/** out = the sums of g over each pixel's repetitions. */
export function upsampleNearestGradient(out: View, g: View): void {
  const s = tiles(g, out);
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, geometry] = [frame.dense(g), writeFields(frame, fieldsOf(s))];
    overPlanes(s, (plane, at, count) =>
      kernels().upsample_nearest2d_backward_f32(to + at, from + plane, count, geometry),
    );
  });
}

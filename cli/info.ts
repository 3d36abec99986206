// topograd info

import { runtime } from "../core/index";
import { VERSION } from "../runs/version";

/** Prints what the runtime offers. */
export async function runInfo(): Promise<number> {
  const { simd, relaxedSimd, threads, bytesReserved, reasons } = runtime();
  console.log(`topograd ${VERSION} on Node ${process.versions.node}, ${process.platform} ${process.arch}`);
  console.log(`SIMD ${simd ? "yes" : "no"}, relaxed SIMD ${relaxedSimd ? "yes" : "no"}, threads ${threads}`);
  console.log(`WebAssembly memory: ${bytesReserved / 1024} KiB taken`);
  for (const reason of reasons) console.log(reason);
  return 0;
}

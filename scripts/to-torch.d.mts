import type { nn } from "topograd";
export const NETWORKS: Record<string, { make: () => nn.Module; input: number[] }>;

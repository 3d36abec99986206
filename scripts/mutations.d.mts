export interface FileKind {
  file: Uint8Array;
  read: (bytes: Uint8Array) => unknown;
}
export const KINDS: Record<string, FileKind>;
export function tryKind(name: string, count: number, seed: number): Promise<string[]>;
export function pngBomb(width: number, height: number, bytes: number): Uint8Array;

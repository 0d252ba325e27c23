import type { NativeLibrary } from "./engine.ts";

/** NVIDIA's kernel driver, as reported by Linux; empty if there is none. */
export function nvidiaDriver(): NativeLibrary[] {
  try {
    const [, version] =
      Deno.readTextFileSync("/proc/driver/nvidia/version").match(/Kernel Module\D*?([\d.]+)/) ?? [];
    return version === undefined ? [] : [{ name: "NVIDIA driver", version }];
  } catch {
    return []; // No such driver, another system, or no permission.
  }
}

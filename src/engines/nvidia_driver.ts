import type { NativeLibrary } from "./engine.ts";

/** NVIDIA's driver in the kernel, where Linux tells of one. */
export function nvidiaDriver(): NativeLibrary[] {
  try {
    const [, version] =
      Deno.readTextFileSync("/proc/driver/nvidia/version").match(/Kernel Module\D*?([\d.]+)/) ?? [];
    return version === undefined ? [] : [{ name: "NVIDIA driver", version }];
  } catch {
    return []; // No such driver, another system, or no permission to ask.
  }
}

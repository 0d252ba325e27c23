/** Which machine this is, as far as a lock must know. */

/** The machine's name, for people. */
export function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "this machine"; // No permission to ask.
  }
}

/**
 * A name that no other running machine has: of Linux's present start, the same in all containers on
 * it; elsewhere the host's name. Null where it cannot be asked.
 */
export function machineId(): string | null {
  try {
    if (Deno.build.os !== "linux") return Deno.hostname();
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  } catch {
    return null; // No permission, or no /proc here.
  }
}

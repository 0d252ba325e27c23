/** Identifies this machine, as far as locks need it. */

/** The machine's name, for people. */
export function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "this machine"; // No permission.
  }
}

/**
 * A name that no other running machine has: on Linux that of the current boot, shared by all
 * containers on the machine; elsewhere the host name. Null if it cannot be determined.
 */
export function machineId(): string | null {
  try {
    if (Deno.build.os !== "linux") return Deno.hostname();
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  } catch {
    return null; // No permission, or no /proc here.
  }
}

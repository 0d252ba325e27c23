/**
 * Trainings that failed for good: whoever trained one again would come to the same end. Kept beside
 * the checkpoint, for the workers of a sweep.
 */
import { join } from "@std/path";
import { z } from "zod";
import { removeIfThere, writeFileAtomic } from "../files/create.ts";
import { workPath } from "./work.ts";

const form = z.object({ reason: z.string().max(10_000), at: z.iso.datetime() });

const pathOf = (out: string, training: string) => join(workPath(out, training), "failed.json");

/** Remembers why a training failed for good. */
export function saveFailure(out: string, training: string, error: Error): void {
  const kept = { reason: error.message, at: new Date().toISOString() };
  writeFileAtomic(pathOf(out, training), new TextEncoder().encode(JSON.stringify(kept)));
}

/** Why and when a training failed for good, in words; null where it did not. */
export function readFailure(out: string, training: string): string | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(pathOf(out, training));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const { reason, at } = form.parse(JSON.parse(text));
    return `${reason}. It was not tried again since ${at}.`;
  } catch {
    return null; // Damaged: it is tried again, which tells.
  }
}

/** Forgets that a training failed. */
export function clearFailure(out: string, training: string): void {
  removeIfThere(pathOf(out, training));
}

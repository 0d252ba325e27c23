/**
 * Trainings that failed permanently: training again would fail the same way. The workers of a sweep
 * read these records, which lie next to the checkpoints.
 */
import { join } from "@std/path";
import { z } from "zod";
import { removeIfThere, writeFileAtomic } from "../files/create.ts";
import { workPath } from "./work.ts";

const form = z.object({ reason: z.string().max(10_000), at: z.iso.datetime() });

const pathOf = (out: string, training: string) => join(workPath(out, training), "failed.json");

/** Records that a training failed permanently, and why. */
export function saveFailure(out: string, training: string, error: Error): void {
  const kept = { reason: error.message, at: new Date().toISOString() };
  writeFileAtomic(pathOf(out, training), new TextEncoder().encode(JSON.stringify(kept)));
}

/** Says why and when a training failed permanently; null if it did not. */
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
    return `${reason}. It failed at ${at} and has not been tried again.`;
  } catch {
    return null; // The record is damaged: the training is tried again.
  }
}

/** Removes the record that a training failed. */
export function clearFailure(out: string, training: string): void {
  removeIfThere(pathOf(out, training));
}

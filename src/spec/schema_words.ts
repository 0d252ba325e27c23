/** Building blocks for the sections of the schema. */
import { z } from "zod";

/** A schema with a description that editors show. */
export const doc = <T extends z.ZodType>(schema: T, description: string): T =>
  schema.meta({ description }) as T;
/** An integer in a range. */
export const integer = (min: number, max: number, description: string) =>
  doc(z.int().min(min).max(max), description);
/** A number in a range. */
export const number = (min: number, max: number, description: string) =>
  doc(z.number().min(min).max(max), description);
/** A number above zero. */
export const positive = (max: number, description: string) =>
  doc(z.number().gt(0).max(max), description);
/**
 * The largest count that a spec may ask for: out of reach for any machine, but safe in arithmetic.
 */
export const many = 1_000_000_000;

/** A printable path: no control characters, no lone surrogates. */
export const path = z.string().min(1).max(1000).refine((text) => !/\p{Cc}|\p{Cs}/u.test(text), {
  error: "a path without control characters",
});

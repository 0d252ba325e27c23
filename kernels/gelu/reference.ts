/**
 * Exact GELU from its formula, x Phi(x), where Phi is the distribution function of the standard
 * normal distribution and phi its density. The derivative is Phi(x) + x phi(x).
 */
import { registerReference, type Values } from "../shared/reference.ts";
import { erfc } from "./erf.ts";
import { taking } from "../shared/named.ts";

function distribution(x: number): number {
  return erfc(-x * Math.SQRT1_2) / 2;
}

function density(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/** Elementwise, any shape. */
export function geluReference(x: Values): Values {
  return { shape: x.shape, data: x.data.map((v) => v * distribution(v)) };
}

/** dy times the derivative at x. */
export function geluGradReference(x: Values, dy: Values): Values {
  return {
    shape: x.shape,
    data: x.data.map((v, i) => dy.data[i]! * (distribution(v) + v * density(v))),
  };
}

/** The even part of GELU: GELU without x / 2. */
export function evenGeluReference(x: Values): Values {
  return { shape: x.shape, data: x.data.map((v) => v * (distribution(v) - 0.5)) };
}

/** dy times the derivative of the even part at x. */
export function evenGeluGradReference(x: Values, dy: Values): Values {
  const slope = (v: number) => distribution(v) - 0.5 + v * density(v);
  return { shape: x.shape, data: x.data.map((v, i) => dy.data[i]! * slope(v)) };
}

registerReference("Gelu", taking(["x"], ({ x }) => geluReference(x)));
registerReference("GeluGrad", taking(["x", "dy"], ({ x, dy }) => geluGradReference(x, dy)));

/**
 * `deno doc --lint mod.ts` without what is not ours: tfjs, which mod.ts re-exports as `tf`, has
 * undocumented symbols, and its types (`Tensor4D` and the like) count as private although every
 * caller has them through `tf`.
 */
const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", "mod.ts"],
  env: { NO_COLOR: "1" },
  stdout: "null",
}).output();
const text = new TextDecoder().decode(stderr);
const tensorflowTypes =
  /private type '(Tensor(\d?D)?|Scalar|Variable|Rank|ShapeMap|TypedArray|TensorInfo|KernelBackend)'/;
const ours = text.split(/\n(?=error\[)/).filter((complaint) =>
  complaint.startsWith("error[") && !complaint.includes("node_modules") &&
  !tensorflowTypes.test(complaint)
);
for (const complaint of ours) console.error(complaint.split("\n\n\n")[0] + "\n");
console.log(
  ours.length === 0
    ? "Docs: every public symbol of ours is documented."
    : `Docs: ${ours.length} complaints.`,
);
Deno.exit(ours.length === 0 ? 0 : 1);

// How a process that has loaded TensorFlow ends: with the right exit code, never in a segmentation
// fault.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ignore = (["ffi", "run", "env", "read"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

const beginning = `
  import * as tf from "@tensorflow/tfjs";
  import { openEngine } from "./src/engines/mod.ts";
  const engine = await openEngine("tensorflow");
  const x = tf.ones([64, 64]);
  const run = engine.jit((x) => [tf.matMul(x, x).tanh(), tf.sum(x)]);
  const step = () => { const [a, b] = run(x); b.dispose(); return a; };
  for (let i = 0; i < 20; i++) step();
  console.log("ready");
`;

function child(code: string, env: Record<string, string> = {}) {
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", beginning + code],
    cwd: fromFileUrl(new URL("../../..", import.meta.url)),
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function end(process: Deno.ChildProcess) {
  const { code, signal, stdout, stderr } = await process.output();
  return {
    code,
    signal,
    out: new TextDecoder().decode(stdout),
    err: new TextDecoder().decode(stderr),
  };
}

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: `${name} (needs --allow-all)`, ignore, fn });

test("an exit with live tensors and functions keeps its code", async () => {
  const { code, signal, out, err } = await end(
    child("for (let i = 0;; i++) { await step().data(); if (i === 50) Deno.exit(7); }"),
  );
  assertEquals([code, signal, out], [7, null, "ready\n"], err);
});

test("an uncaught error ends with its message and code 1", async () => {
  const { code, signal, out, err } = await end(
    child(
      `engine.jit((x) => [tf.engine().runKernel("BatchMatMul", { a: x, b: tf.zeros([3, 5]) }, {})])(x);`,
    ),
  );
  assertEquals([code, signal, out], [1, null, "ready\n"], err);
  assert(/BatchMatMul\w*\(\[64,64\], \[3,5\]\)/.test(err), err);
});

test("using an engine after its disposal is an error, not a crash", async () => {
  const code = `
    const y = step();
    engine.dispose();
    run.dispose();
    for (const use of [step, () => tf.add(y, 1), () => y.dataSync(), () => engine.jit((x) => [x])(x)]) {
      try { use(); } catch (error) { console.log(error instanceof Error); continue; }
      console.log("no error");
    }
    engine.dispose();
    const again = await openEngine("tensorflow");
    console.log(tf.add(1, 2).dataSync()[0], (await again.jit((x) => [tf.add(x, 1)])(tf.scalar(3))[0].data())[0]);`;
  const { code: exitCode, signal, out, err } = await end(child(code));
  assertEquals([exitCode, signal, out], [0, null, "ready\ntrue\ntrue\ntrue\ntrue\n3 4\n"], err);
});

test("Ctrl-C ends a process at work with SIGINT", async () => {
  const process = child(
    "for (;;) { step().dispose(); await new Promise((resolve) => setTimeout(resolve, 0)); }",
  );
  const reader = process.stdout.getReader();
  assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "ready");
  process.kill("SIGINT");
  const { code, signal } = await process.status;
  await reader.cancel();
  await process.stderr.cancel();
  assertEquals([code, signal], [130, "SIGINT"]);
});

test("a TENSORFLOW_DIR without TensorFlow gives one message that says what to do", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const nothing = await end(child("", { TENSORFLOW_DIR: `${folder}/none` }));
    assertStringIncludes(nothing.err, `${folder}/none`);
    assertStringIncludes(nothing.err, "TENSORFLOW_DIR");
    for (const name of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]) {
      Deno.writeTextFileSync(`${folder}/${name}`, "not a library");
    }
    const broken = await end(child("", { TENSORFLOW_DIR: folder }));
    for (const { code, out, err } of [nothing, broken]) {
      assertEquals([code, out], [1, ""]);
      assertStringIncludes(err, "UserError");
    }
    assertStringIncludes(broken.err, "cannot be loaded as TensorFlow's library");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

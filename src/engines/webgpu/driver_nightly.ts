/**
 * Tests the kernels and the engine on a second software GPU, SwiftShader, which comes with
 * Chromium. It differs from Debian's llvmpipe in what WGSL leaves to the driver: NaN, limits,
 * scheduling. Run by `deno task nightly`.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

const root = fromFileUrl(new URL("../../../", import.meta.url));
const drivers = ["/usr/lib/chromium", "/opt/google/chrome"].map((folder) =>
  `${folder}/vk_swiftshader_icd.json`
);
const driver = drivers.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

Deno.test({
  name: `the kernels and the engine on SwiftShader${
    driver ? "" : " (NOTHING TESTED: no Chromium with SwiftShader)"
  }`,
  ignore: driver === undefined,
  async fn() {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--filter", "webgpu", "kernels", "src/engines"],
      cwd: root,
      env: { VK_DRIVER_FILES: driver!, NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout);
    assertEquals(code, 0, output + new TextDecoder().decode(stderr));
    assertStringIncludes(
      output,
      "attention with 4 heads: output and gradients equal the reference over random shapes",
    );
    assertEquals(output.includes("NOTHING TESTED"), false, output);
  },
});

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// What is built is served by Overflight alone, under a policy that lets no script be made by a script and nothing come from elsewhere.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/overflight/server/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 2000,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
});

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// While developing, the console comes from Vite and everything else from a server at this address.
const server = process.env.VEDETTE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The content security policy allows no inline scripts, styles or data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 420,
  },
  server: {
    proxy: {
      "/api": server,
      "/live": server,
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
  },
});

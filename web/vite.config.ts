import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.VEDETTE_URL ?? "http://localhost:8080";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2022", chunkSizeWarningLimit: 900, modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(["/api", "/live", "/health"].map((path) => [path, server])) },
});

// The light build has the same interface and no declaration of its own.
declare module "hls.js/light" {
  export * from "hls.js";
  export { default } from "hls.js";
}

export { Sandbox } from "./testing.js";
